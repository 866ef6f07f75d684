import type { Clock } from '../../../core/clock.ts'
import { messageOf } from '../../../core/errors.ts'
import { briefly, type Said, saidIn } from '../answer/said.ts'
import { isOutputTooLong, isWindowFull, outputLimitIn, windowIn } from '../window/words.ts'
import { EmptyAnswer, WrongAnswer } from '../wire.ts'
import { type Adjustment, adjustmentFor } from './adjust.ts'
import { patient, retryAfterMs, waitInWords } from './retry.ts'

/** Meaning of an error of a turn for the next request. */
export type Refusal =
  /** The request is longer than the window; its size in tokens, where the server says it. */
  | { kind: 'window'; tokens: number | null }
  /** More output is asked for than there may be. */
  | { kind: 'output'; tokens: number | null; window: number | null }
  /** The server does not take a part of the request; without it, or with it in another form, it may. */
  | { kind: 'adjust'; adjustment: Adjustment }
  /** The model's answer could not be read by its own server. */
  | { kind: 'malformed'; why: string }
  /** A filter of the provider stopped request or answer. */
  | { kind: 'filtered'; why: string }
  /** It will be the same the next time: a key, money, a name, an address. */
  | { kind: 'never'; why: string }
  | { kind: 'passing'; waitMs: number | null }

/** `known`: adjustments that requests to this server already have. */
export function refusalIn(error: unknown, clock: Clock, known: ReadonlySet<Adjustment>): Refusal {
  const lost = chainOf(error)
  const wrong = lost.find((part) => part instanceof WrongAnswer)
  if (wrong) return { kind: 'never', why: wrong.message }
  if (lost.some((part) => part instanceof EmptyAnswer))
    return known.has('at once')
      ? { kind: 'passing', waitMs: null }
      : { kind: 'adjust', adjustment: 'at once' }
  const said = saidIn(error)
  if (!said) {
    const why = lost.map((part) => lastingFault(part)).find((fault) => fault !== null)
    return why ? { kind: 'never', why } : { kind: 'passing', waitMs: null }
  }
  const waitMs = retryAfterMs(said.headers, clock.now()) ?? waitInWords(said.text)
  return meaningOf(said, known, waitMs) ?? { kind: 'passing', waitMs }
}

/** null: it may pass. */
function meaningOf(said: Said, known: ReadonlySet<Adjustment>, waitMs: number | null): Refusal | null {
  const { status, text } = said
  const words = briefly(text) || `status ${status}`
  const isUsedUp = usedUp.test(text) && (waitMs === null || waitMs > patient.patienceMs)
  if (status === 402 || isUsedUp || noMoney.test(text))
    return { kind: 'never', why: `there is no money or quota left: ${words}` }
  // A limit on tokens a minute that one request alone passes does not pass with time.
  if (isRateLimit(said) && !neverFits.test(text)) return null
  if (isOutputTooLong(text)) return { kind: 'output', tokens: outputLimitIn(text), window: windowIn(text) }
  if (status === 413 || isWindowFull(text)) return { kind: 'window', tokens: windowIn(text) }
  if (malformed.test(text)) return { kind: 'malformed', why: words }
  if (filtered.test(text)) return { kind: 'filtered', why: words }
  if (badKey.test(text)) return { kind: 'never', why: `the provider refused the key: ${words}` }
  if (status !== 401 && status !== 403) {
    if (noTools.test(text) && !/stream/i.test(text))
      return { kind: 'never', why: `the model, or its server, cannot call tools: ${words}` }
    const isUnknownModel = status === 404 && noModel.test(text)
    const adjustment = isUnknownModel ? null : adjustmentFor(said, known)
    if (adjustment) return { kind: 'adjust', adjustment }
  }
  return isPassing(status) ? null : { kind: 'never', why: whyNever(said, words) }
}

const isPassing = (status: number | null): boolean =>
  status === null ||
  [408, 409, 425, 429].includes(status) ||
  (status >= 500 && status !== 501 && status !== 505)

function whyNever({ status, text }: Said, words: string): string {
  if (status === 401 || status === 403) return `the provider refused the key: ${words}`
  if ((status === 404 || status === 400) && noModel.test(text)) return `there is no such model: ${words}`
  if (status === 404 || status === 405)
    return `nothing answers chat requests at this address (${status}): check the base URL, which for most servers ends in /v1; it said: ${words}`
  return `the server refused the request (${status}): ${words}`
}

const isRateLimit = ({ status, text }: Said): boolean => status === 429 || rateLimit.test(text)

const rateLimit =
  /rate.?limit|throttl|too many requests|please (?:wait|slow)|try again (?:in|later)|tokens? per (?:min|day|hour)/i
const neverFits =
  /request too large|reduce your (?:message|prompt|input|request)|too large for model|single request exceed/i
const noMoney =
  /insufficient.?(?:quota|balance|funds|credits?)|billing.?(?:hard|not.?active|limit)|credit balance is too low|check your plan and billing|out of credits|not enough credits|requires more credits|payment required|spending limit|budget (?:has been )?exceeded|exceededbudget|arrearage|account.{0,20}(?:overdue|suspended|deactivated)/i
/** A quota of a day, a week or a month is used up. Waiting helps only if it ends soon. */
const usedUp =
  /(?:hour(?:ly)?|daily|weekly|monthly|usage|plan|session|subscription) (?:\w+ )?(?:limit|quota|allowance)\b.{0,20}(?:reached|exceeded|exhausted|used up|hit)|(?:reached|exceeded|hit|exhausted|used up) your (?:\S+ )?(?:hour(?:ly)?|daily|weekly|monthly|usage|plan|session|subscription) (?:\w+ )?(?:limit|quota|allowance)/i
const malformed =
  /tool_use_failed|failed_generation|failed to call a function|tool call validation failed|malformed_function_call|malformed function call|error parsing tool call|failed to parse (?:tool|function|input|output|the (?:model|tool))|invalid (?:tool|function) call(?: generated|s? by)|model (?:produced|generated|returned|output)s? (?:an? )?(?:invalid|malformed)|failed to generate (?:a )?tool call|could not parse (?:the )?(?:tool|function|model)|unparsable|jsondecodeerror|unexpected end of json input|output_parse_failed|tool_call_parse/i
const filtered =
  /content_filter|content.?policy|responsibleaipolicyviolation|content management policy|prompt_blocked|blocked.{0,30}safety|safety_check|moderation|flagged|data_inspection_failed|inappropriate content|usage guidelines/i
const badKey =
  /invalid.{0,10}api.?key|incorrect api key|api.?key.{0,20}(?:invalid|not valid|expired|missing|required|revoked)|invalid_api_key|api_key_invalid|no auth credentials|authentication.?(?:error|failed|fails)|unauthorized|invalid (?:x-api-key|bearer|token|credentials|access)|token (?:has )?expired/i
const noModel =
  /model.{0,120}(?:not (?:found|exist|available|support|valid|loaded)|does ?n[o']t exist|decommission|deprecated|unknown|no longer|no access|invalid)|(?:no such|unknown|invalid|unsupported).{0,10}model|model_not_found|not_found_error.{0,40}model|no endpoints? found|no models? loaded|try pulling/is
const noTools =
  /(?:does ?n[o']t|not|n[o']t) (?:currently )?support.{0,10}(?:tools?\b|tool.?(?:use|call)|function.?call)|no endpoints found that support tool|enable-auto-tool-choice|\btools.{0,20}(?:is|are) not supported|tool (?:use|calling|calls).{0,20}(?:is|are) not supported|requires --jinja|tools param requires/i

function chainOf(error: unknown): Error[] {
  const chain: Error[] = []
  for (let current = error; current instanceof Error && chain.length < 8; current = current.cause)
    chain.push(current)
  return chain
}

/** A problem of a connection that waiting does not repair. */
function lastingFault(error: Error): string | null {
  const code = (error as { code?: unknown }).code
  if (typeof code === 'string' && certificate.test(code))
    return `the server's certificate is not trusted (${code}): for a private CA set NODE_EXTRA_CA_CERTS`
  if (typeof code === 'string' && /^ERR_SSL|^EPROTO$/.test(code))
    return `no TLS is spoken there (${code}): is the base URL meant to begin with http:// ?`
  return /bad port/i.test(error.message) ? `no request can be sent there: ${messageOf(error)}` : null
}

const certificate =
  /^(?:UNABLE_TO_(?:VERIFY|GET_ISSUER)|CERT_|DEPTH_ZERO_SELF_SIGNED|SELF_SIGNED|ERR_TLS_CERT_ALTNAME_INVALID|HOSTNAME_MISMATCH)/
