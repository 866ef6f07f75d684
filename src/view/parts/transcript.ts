import { html } from 'hono/html'
import { inert } from '../../core/text.ts'
import { classify, shownClass } from '../../eval/commands/classify.ts'
import { goesOn, usageIn } from '../../store/audit/audit.ts'
import type { EntryHead } from '../../store/reading.ts'
import { callKey } from '../data/call-key.ts'
import { ansi } from './ansi.ts'
import { count, offset, seconds, usd } from './format.ts'
import { empty, type Html } from './page.ts'

/** Length of an output on the page; the rest is fetched on demand. */
export const headBytes = 4_000
const headLines = 30
/** Length of the text on one page. */
const pageChars = 60_000
const newest = 20

export interface TranscriptPage {
  /** Address of the full entry, and of the entries after this one; null: there is only this page. */
  elsewhere: { hrefOf(seq: number): string; nextHref(seq: number): string } | null
  /** Time of the injection. */
  zero: number
  /** Whether it is still being written. */
  isLive: boolean
  /** The trial has no agent. */
  isBaseline?: boolean
  /** The sessions of the transcript, in order, if there can be several: each begins with a line that says so. */
  sessions?: readonly string[]
}

/** The thoughts, commands and outputs of the agent, entry by entry. */
export function transcriptList(entries: readonly EntryHead[], page: TranscriptPage): Html {
  if (entries.length === 0)
    return empty(
      page.isLive && !page.isBaseline
        ? 'The agent has not said or done anything yet.'
        : page.isBaseline
          ? 'A baseline: no agent works on it.'
          : 'No agent worked on it.',
    )
  const commands = new Map<string, number>()
  for (const entry of entries) if (entry.kind === 'tool_call') commands.set(callKey(entry), entry.seq)
  let chars = 0
  const shown: Html[] = []
  let session = page.sessions?.[0]
  for (const entry of entries) {
    if (page.elsewhere && chars > pageChars) break
    chars += entry.body.length
    if (page.sessions && entry.sessionId !== session) shown.push(beginning(entry, page.sessions))
    session = entry.sessionId
    shown.push(item(entry, page, commands.get(callKey(entry))))
  }
  const left = entries.length - shown.length
  const last = entries[shown.length - 1]?.seq ?? 0
  return html`<ol class="transcript">${shown}</ol>
${left > 0 ? html`<p><a rel="next" href="${page.elsewhere?.nextHref(last)}">${left} more entries</a>${left > newest ? html` <a href="${page.elsewhere?.nextHref(entries.at(-newest - 1)?.seq ?? last)}">the newest ${newest}</a>` : ''}</p>` : ''}`
}

const beginning = ({ sessionId }: EntryHead, sessions: readonly string[]): Html => {
  const i = sessions.indexOf(sessionId) + 1
  return html`<li id="session-${i}" class="session"><h3>Session ${i} of ${sessions.length}</h3></li>`
}

function item(entry: EntryHead, page: TranscriptPage, call: number | undefined): Html {
  const { seq, at, kind, meta } = entry
  const time = (tag: Html | string = '') =>
    html`<div class="when"><time>${offset(at - page.zero)}</time>${tag}${consumed(meta)}</div>`
  switch (kind) {
    case 'reasoning':
      return html`<li id="e${seq}" class="reasoning">${time()}<div>${text(entry, page)}</div></li>`
    case 'tool_call': {
      const kind = shownClass(classify(entry.body))
      const why = typeof meta.reasoning === 'string' ? meta.reasoning : ''
      return html`<li id="e${seq}" class="call" data-seq="${seq}">${time(html`<span class="tag k-${kind}">${kind}</span>`)}<div>${why === '' ? '' : html`<p>${inert(why)}</p>`}
<pre class="command" tabindex="0" role="group" aria-label="Command"><code>${inert(entry.body)}${entry.isWhole ? '' : '\u2026'}</code></pre>${entry.isWhole ? '' : rest(entry, page, 'all of it')}</div></li>`
    }
    case 'tool_result':
      return html`<li id="e${seq}" class="result" ${call === undefined ? '' : html`data-seq="${call}"`}><span></span><div>${endingOf(meta)}${output(entry, page)}</div></li>`
    case 'claim':
      return html`<li id="e${seq}" class="claim${parsedClaim(entry.body)?.status === 'fixed' ? ' fixed' : ''}" data-seq="${seq}">${time()}<div>${claim(entry.body)}</div></li>`
    case 'error':
      return html`<li id="e${seq}" class="error">${time()}<div><b>${goesOn(entry) ? 'Trouble, and the session went on' : 'The session ended'}:</b> ${inert(entry.body)}</div></li>`
    default:
      return kind satisfies never
  }
}

/** Consumption of the turn that begins here. */
function consumed(meta: EntryHead['meta']): Html | string {
  const usage = usageIn(meta)
  if (!usage) return ''
  const { tokensIn, tokensOut, tokensCached, costUsd } = usage
  const cached = tokensCached > 0 ? `, ${count(tokensCached)} of them cached` : ''
  return html`<span class="usage" title="this turn: ${count(tokensIn)} tokens in${cached}; ${count(tokensOut)} out"><span>${count(tokensIn)} in</span> <span>${count(tokensOut)} out</span> <span>${usd(costUsd)}</span></span>`
}

function endingOf({
  exitCode,
  durationMs,
  timedOut,
  truncatedBytes,
  engineRequests,
}: Record<string, unknown>): Html {
  if (typeof engineRequests === 'number') return html`<p class="ending">asked of the container engine</p>`
  const code = typeof exitCode === 'number' ? `exit ${exitCode}` : 'ended by a signal'
  const parts = [
    code,
    ...(typeof durationMs === 'number' ? [seconds(durationMs)] : []),
    ...(timedOut ? ['timed out'] : []),
    ...(typeof truncatedBytes === 'number' ? [`${truncatedBytes} bytes were not kept`] : []),
  ]
  return html`<p class="${exitCode === 0 ? 'ending' : 'ending bad'}">${parts.join(', ')}</p>`
}

function text(entry: EntryHead, page: TranscriptPage): Html {
  const paragraphs = entry.body.trim().split(/\n{2,}/)
  return html`${paragraphs.map((part) => html`<p>${inert(part)}</p>`)}${entry.isWhole ? '' : rest(entry, page, 'all of it')}`
}

/** Short output in full. A long one shows its first lines, and the rest on demand. */
function output(entry: EntryHead, page: TranscriptPage): Html {
  if (entry.body.trim() === '') return html`<p class="quiet">no output</p>`
  const body = entry.body.trimEnd().replace(/^\n+/, '')
  const lines = body.split('\n')
  const isLong = lines.length > headLines
  if (!isLong) return html`${block(body)}${entry.isWhole ? '' : rest(entry, page, 'Show all of it')}`
  const all = `all ${count(lines.length)} lines`
  return page.elsewhere
    ? html`${block(lines.slice(0, headLines).join('\n'))}${rest(entry, page, `Show ${entry.isWhole ? all : 'all of it'}`)}`
    : html`<details><summary>${entry.isWhole ? all : `the first ${count(lines.length)} lines`}</summary>${block(body)}${entry.isWhole ? '' : rest(entry, page, '')}</details>`
}

const block = (text: string): Html =>
  html`<pre class="output" tabindex="0" role="group" aria-label="Output"><code>${ansi(text)}</code></pre>`

function rest({ seq }: EntryHead, { elsewhere }: TranscriptPage, says: string): Html {
  if (!elsewhere) return html`<p class="quiet small">The rest is not part of this copy.</p>`
  const href = elsewhere.hrefOf(seq)
  return html`<p class="more"><a data-load="${href}" href="${href}">${says}</a></p>`
}

/** A claim is JSON that we wrote; an older or broken one is shown as text. */
function claim(body: string): Html {
  const parsed = parsedClaim(body)
  if (!parsed)
    return html`<pre tabindex="0" role="group" aria-label="Claim"><code>${inert(body)}</code></pre>`
  const { status, rootCause, component, actions } = parsed
  return html`<p><b>Claims ${status === 'fixed' ? 'fixed' : 'not fixed'}</b>${component ? html`, at fault: <b>${inert(String(component))}</b>` : ''}</p>
<p>${inert(String(rootCause))}</p>${
    Array.isArray(actions) && actions.length > 0
      ? html`<ul>${actions.map((action) => html`<li>${inert(String(action))}</li>`)}</ul>`
      : ''
  }`
}

function parsedClaim(body: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(body)
    return typeof value === 'object' && value !== null && 'rootCause' in value ? { ...value } : null
  } catch (error) {
    if (error instanceof SyntaxError) return null
    throw error
  }
}
