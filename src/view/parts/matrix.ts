import { html } from 'hono/html'
import { inert } from '../../core/text.ts'
import type { Line } from '../data/board.ts'
import { countsOf, groups, recoveryRate } from '../data/figures.ts'
import { rateText } from './format.ts'
import { bar } from './outcome.ts'
import { linkTo, scrolling } from './page.ts'

const isToCome = ({ standing }: Line): boolean => standing === 'running' || standing === 'planned'

/** Damage by arm: the share that recovered, its confidence, and links to the trials. The baseline is last. */
export function matrix(path: string, lines: readonly Line[]) {
  const arms = [...new Set(lines.map(({ arm }) => arm))].sort(
    (a, b) => Number(a === 'baseline') - Number(b === 'baseline') || (a < b ? -1 : 1),
  )
  const rows = [...groups(lines, ({ damage }) => damage)].sort(([a], [b]) => (a < b ? -1 : 1))
  const cell = (of: readonly Line[], filter: Record<string, string>) => {
    if (of.length === 0) return html`<td class="none">-</td>`
    const { rate, interval, recovered, of: counted } = recoveryRate(of)
    return html`<td><a href="${linkTo(path, filter)}#trials">${rate === null ? (of.some(isToCome) ? 'none ended' : 'none counts') : rateText(rate, interval)}</a>
<span class="quiet">${rate === null ? of.length : `${recovered}/${counted}`}</span>${bar(countsOf(of), 120)}</td>`
  }
  return scrolling(
    'Recovery by damage and arm',
    html`<table class="matrix"><thead><tr><th scope="col">damage</th>${arms.map((arm) => html`<th scope="col">${inert(arm)}</th>`)}</tr></thead>
<tbody>${rows.map(
      ([damage, of]) =>
        html`<tr><th scope="row">${inert(damage)}</th>${arms.map((arm) =>
          cell(
            of.filter((line) => line.arm === arm),
            { damage, arm },
          ),
        )}</tr>`,
    )}
<tr class="all"><th scope="row">all</th>${arms.map((arm) =>
      cell(
        lines.filter((line) => line.arm === arm),
        { arm },
      ),
    )}</tr></tbody></table>
<p class="quiet">Share of the valid trials that recovered, with its 95 % interval (Wilson).</p>`,
  )
}
