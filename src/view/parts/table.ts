import { html } from 'hono/html'
import { inert } from '../../core/text.ts'
import { linkTo } from './page.ts'

type Query = Record<string, string | undefined>

/** A column's head that sorts by it, and reverses the order when the table is already sorted by it. */
export function sortable(path: string, query: Query, name: string, text: string, initial: string) {
  const isSorted = (query.sort ?? initial) === name
  const order = isSorted && (query.order ?? 'desc') === 'desc' ? 'asc' : 'desc'
  const now = isSorted ? ((query.order ?? 'desc') === 'desc' ? 'descending' : 'ascending') : undefined
  const sign = now === undefined ? '' : now === 'descending' ? ' \u2193' : ' \u2191'
  return html`<th scope="col" ${now === undefined ? '' : html`aria-sort="${now}"`}><a href="${linkTo(path, query, { sort: name, order, page: undefined })}">${text}${sign}</a></th>`
}

/** A selection of the existing values; hidden when there is nothing to select. */
export function chooser(name: string, values: readonly string[], chosen: string | undefined, label = name) {
  if (values.length === 0) return ''
  return html`<label>${label} <select name="${name}"><option value="">any</option>${values.map(
    (value) =>
      html`<option value="${value}" ${value === chosen ? html`selected` : ''}>${inert(value)}</option>`,
  )}</select></label>`
}

/** Keeps the order of the table when a form of filters is sent. */
export const sortedAsNow = ({ sort, order }: Query) =>
  Object.entries({ sort, order }).map(([name, value]) =>
    value ? html`<input type="hidden" name="${name}" value="${value}">` : '',
  )
