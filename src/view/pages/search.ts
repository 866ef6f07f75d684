import { html } from 'hono/html'
import { inert } from '../../core/text.ts'
import { type Found, type Hit, type TextKind, termsOf, textKinds } from '../../store/search.ts'
import { withoutAnsi } from '../parts/ansi.ts'
import { when } from '../parts/format.ts'
import { pill, type Standing, standingNames, standings } from '../parts/outcome.ts'
import { empty, type Html, linkTo, type Page } from '../parts/page.ts'
import { chooser } from '../parts/table.ts'

type Query = Record<string, string | undefined>

export interface Choices {
  subjects: readonly string[]
  chaos: readonly string[]
}

/** Words in commands, outputs and reasoning of every trial that has ended, the newest first. */
export function searchPage(query: Query, found: Found, choices: Choices): Page {
  const q = query.q ?? ''
  const terms = termsOf(q)
  return {
    title: q === '' ? 'Search' : `Search: ${q}`,
    section: 'Search',
    body: html`<h1>Search</h1>
<form class="filters" action="/search">
<input type="search" name="q" value="${q}" aria-label="Words to find in transcripts">
<label>in <select name="in"><option value="">everything</option>${textKinds.map((kind) => html`<option value="${kind}" ${query.in === kind ? html`selected` : ''}>${plural[kind]}</option>`)}</select></label>
${chooser('subject', choices.subjects, query.subject)}${chooser('chaos', choices.chaos, query.chaos)}
<label>outcome <select name="outcome"><option value="">any</option>${standingNames.map((name) => html`<option value="${name}" ${name === query.outcome ? html`selected` : ''}>${standings[name].label}</option>`)}</select></label>
<label>campaign <input name="campaign" size="6" value="${query.campaign ?? ''}" placeholder="c1" pattern="\\s*[cC]?\\d+\\s*" title="the id of a campaign, as c1"></label>
<button>Search</button></form>
<p class="quiet small">In trials that have ended; what runs is found once it has. All words have to be there. "Several in a row" in quotes; beg* finds what begins so.</p>
${
  terms.length === 0
    ? empty('Nothing was asked for yet.')
    : found.hits.length === 0
      ? empty('Nothing was found.')
      : html`<ol class="hits">${found.hits.map((hit) => item(hit, terms))}</ol>`
}
<nav class="pages" aria-label="Pages">${found.before === null ? '' : html`<a rel="next" href="${linkTo('/search', query, { before: String(found.before) })}">older</a>`}</nav>`,
  }
}

const plural: Record<TextKind, string> = { command: 'commands', output: 'outputs', reasoning: 'reasoning' }

function item(
  { trialId, campaignId, seq, at, kind, body, meta, chaos, arm, outcomeKind, state }: Hit,
  terms: string[],
) {
  const standing = (outcomeKind ?? state) as Standing
  const why = kind === 'tool_call' && typeof meta.reasoning === 'string' ? meta.reasoning : ''
  return html`<li><p class="small"><a data-row href="/t/${trialId}#e${seq}">t${trialId}</a>
<span class="quiet"><a href="/c/${campaignId}">c${campaignId}</a> ${inert(chaos ?? '')} ${inert(arm ?? '')}</span> ${pill(standing)}
<span class="tag">${kindWords[kind]}</span> <span class="quiet">${when(at)}</span></p>
${why === '' ? '' : html`<p>${marked(excerpt(why, terms), terms)}</p>`}
<pre tabindex="0" role="group" aria-label="What was found"><code>${marked(excerpt(body, terms), terms)}</code></pre></li>`
}

const kindWords: Record<Hit['kind'], string> = {
  tool_call: 'command',
  tool_result: 'output',
  reasoning: 'reasoning',
  claim: 'claim',
  error: 'end',
}

const around = 160

/** The text around the first match, with its context before and after. */
function excerpt(text: string, terms: readonly string[]): string {
  const clean = withoutAnsi(text).trim()
  const first = pattern(terms).exec(clean)?.index ?? 0
  const from = first <= around ? 0 : clean.lastIndexOf('\n', first - around / 2) + 1 || first - around
  const begin = Math.max(from, first - 2 * around)
  const end = Math.min(clean.length, first + 2 * around)
  return `${begin > 0 ? '\u2026' : ''}${clean.slice(begin, end)}${end < clean.length ? '\u2026' : ''}`
}

/** Every occurrence marked; the rest as it is. */
function marked(text: string, terms: readonly string[]): Html[] {
  const parts: Html[] = []
  let from = 0
  for (const match of text.matchAll(pattern(terms))) {
    parts.push(html`${text.slice(from, match.index)}<mark>${match[0]}</mark>`)
    from = match.index + match[0].length
  }
  parts.push(html`${text.slice(from)}`)
  return parts
}

const pattern = (terms: readonly string[]): RegExp =>
  new RegExp(
    terms
      .map((term) =>
        term
          .replace(/\*$/, '')
          .split(/[^\p{L}\p{N}_]+/u)
          .filter(Boolean)
          .map(RegExp.escape)
          .join('[^\\p{L}\\p{N}_]+'),
      )
      .join('|'),
    'giu',
  )
