import type { ResolvedModel } from '../../model/model.ts'

/** Limits of a model in tokens. */
export interface Window {
  contextTokens: number
  /** Limit of one answer. */
  outputTokens: number
  /** True: the size is not known, and that of most recent models is assumed. */
  isGuess: boolean
}

const guessTokens = 200_000
/** Enough for any answer of ours, and an end for one that goes round in circles. */
const mostOutputTokens = 16_000
/** In all: a server that does not tell is not waited for. */
const patienceMs = 3_000

/** From what was given, then from what the server said or refused, then a guess. Asks the server once. */
export async function windowOf(model: ResolvedModel, signal: AbortSignal): Promise<Window> {
  const { endpoint } = model
  if (model.contextTokens === null && !endpoint.asked) {
    endpoint.asked = true
    const told = await askServer(model, AbortSignal.any([signal, AbortSignal.timeout(patienceMs)]))
    endpoint.contextTokens ??= told.contextTokens
    endpoint.maxOutputTokens ??= told.outputTokens
  }
  const known = [model.contextTokens, endpoint.contextTokens].filter((tokens) => tokens !== null)
  const contextTokens = known.length > 0 ? Math.min(...known) : guessTokens
  const outputs = [
    model.maxOutputTokens ?? mostOutputTokens,
    endpoint.maxOutputTokens ?? Number.POSITIVE_INFINITY,
  ]
  return {
    contextTokens,
    outputTokens: Math.max(1, Math.floor(Math.min(...outputs, contextTokens / 4))),
    isGuess: known.length === 0,
  }
}

type Told = { contextTokens: number | null; outputTokens: number | null }
type Json = Record<string, unknown>

/**
 * Each server has a place of its own for it: `/models` of the API (vLLM, SGLang, OpenRouter, Groq, Together, Mistral,
 * Anthropic, llama.cpp), `/props` (llama.cpp), `/api/ps` and `/api/show` (Ollama), `/api/v0/models` (LM Studio), `/info` (TGI).
 */
async function askServer(model: ResolvedModel, signal: AbortSignal): Promise<Told> {
  const base = model.baseUrl.replace(/\/+$/, '')
  const root = base.replace(/\/v\d+$/, '')
  const get = (url: string, body?: object) => jsonFrom(url, model.headers, signal, body)
  const listed = inList(await get(`${base}/models`), model.id)
  const told: Told = {
    contextTokens: firstNumber(listed, contextKeys),
    outputTokens: firstNumber(listed, outputKeys),
  }
  if (told.contextTokens !== null) return told
  const [props, running, shown, loaded, info] = await Promise.all([
    get(`${root}/props`),
    get(`${root}/api/ps`),
    get(`${root}/api/show`, { model: model.id }),
    get(`${root}/api/v0/models`),
    get(`${root}/info`),
  ])
  const settings = props?.default_generation_settings as Json | undefined
  const inUse = /(?:^|\n)num_ctx\s+(\d+)/.exec(String(shown?.parameters ?? ''))?.[1]
  const all = [
    firstNumber(settings ?? null, ['n_ctx']),
    firstNumber(inList(running, model.id), ['context_length']),
    firstNumber({ inUse: Number(inUse) }, ['inUse']),
    firstNumber(inList(loaded, model.id), ['loaded_context_length']),
    firstNumber(info, ['max_total_tokens', 'max_input_tokens', 'max_input_length']),
  ]
  return { ...told, contextTokens: all.find((tokens) => tokens !== null) ?? null }
}

/** Not what a model was trained for (`n_ctx_train`, `max_context_length` of LM Studio): what it is served with. */
const contextKeys = [
  'max_model_len',
  'loaded_context_length',
  'context_length',
  'context_window',
  'max_context_length',
  'max_input_tokens',
  'n_ctx',
]
const outputKeys = ['max_completion_tokens', 'max_output_tokens']

/** The entry of the model; the only one, where a server calls its model something else. */
function inList(body: Json | null, id: string): Json | null {
  const list = (Array.isArray(body) ? body : (body?.data ?? body?.models)) as unknown
  if (!Array.isArray(list)) return null
  const entries = list.filter((entry): entry is Json => typeof entry === 'object' && entry !== null)
  const named = entries.find((entry) => [entry.id, entry.name, entry.model].some((name) => isName(name, id)))
  const entry = named ?? (entries.length === 1 ? entries[0] : undefined)
  if (!entry) return null
  const nested = [entry.meta, entry.top_provider, entry.limits].filter(
    (part) => typeof part === 'object' && part !== null,
  )
  return Object.assign({}, ...(nested as Json[]), entry) as Json
}

const isName = (name: unknown, id: string): boolean =>
  typeof name === 'string' && (name === id || name === `${id}:latest` || name === `models/${id}`)

/** Fewer tokens are no window, and no answer. */
const leastTokens = 256

function firstNumber(from: Json | null, keys: readonly string[]): number | null {
  for (const key of keys) {
    const value = Number(from?.[key])
    if (Number.isFinite(value) && value >= leastTokens) return Math.floor(value)
  }
  return null
}

/** null: it does not tell, in whatever way. */
async function jsonFrom(
  url: string,
  headers: Record<string, string>,
  signal: AbortSignal,
  body?: object,
): Promise<Json | null> {
  try {
    const response = await fetch(url, {
      headers: { ...headers, ...(body && { 'content-type': 'application/json' }) },
      signal,
      redirect: 'error',
      ...(body && { method: 'POST', body: JSON.stringify(body) }),
    })
    if (!response.ok) {
      await response.body?.cancel()
      return null
    }
    const value = (await response.json()) as unknown
    return typeof value === 'object' && value !== null ? (value as Json) : null
  } catch {
    return null // A server that has no such place may answer anything, or nothing.
  }
}
