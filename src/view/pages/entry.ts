import { html } from 'hono/html'
import { ansi } from '../parts/ansi.ts'
import { count } from '../parts/format.ts'
import { type Html, linkTo, type Page } from '../parts/page.ts'

const linesAPage = 2_000
const charsAPage = 200_000

/** One stretch of a long text: so many lines from `from` on, or fewer where they are long. */
function textPart(text: string, from: number) {
  const begin = Math.min(Math.max(0, from), text.length)
  let end = begin
  for (let lines = 0; lines < linesAPage && end < text.length; lines++) {
    const newline = text.indexOf('\n', end)
    end = newline === -1 ? text.length : newline + 1
    if (end - begin > charsAPage) {
      end = begin + charsAPage
      break
    }
  }
  return { part: text.slice(begin, end), begin, end }
}

/** The whole text of an entry, page by page. */
export function entryPage(
  title: string,
  trail: Page['trail'],
  path: string,
  text: string,
  from: number,
): Page {
  const { part, begin, end } = textPart(text, from)
  return {
    title,
    ...(trail ? { trail } : {}),
    body: html`<h1>${title}</h1>
<p class="quiet">characters ${count(begin)} to ${count(end)} of ${count(text.length)}</p>
${block(part)}
<nav class="pages" aria-label="Pages">${begin > 0 ? html`<a rel="prev" href="${path}">from the beginning</a>` : ''}
${end < text.length ? html`<a rel="next" href="${linkTo(path, { from: String(end) })}">more</a>` : ''}</nav>`,
  }
}

/** The same, to replace a shortened output. */
export function entryFragment(path: string, text: string): Html {
  const { part, end } = textPart(text, 0)
  return html`${block(part)}${end < text.length ? html`<p class="more"><a href="${linkTo(path, { from: String(end) })}">the rest, ${count(text.length - end)} characters</a></p>` : ''}`
}

const block = (part: string): Html =>
  html`<pre class="output" tabindex="0" role="group" aria-label="Output"><code>${ansi(part)}</code></pre>`
