import { html } from 'hono/html'
import { inert } from '../../core/text.ts'
import type { Comparison } from '../../eval/compare/compare.ts'
import { change, changes, figure, probability } from '../../eval/compare/words.ts'
import { sectionsOf } from '../../eval/report/analysis-tables.ts'
import type { Analysis } from '../../eval/report/analyze.ts'
import type { CampaignHead } from '../../store/reading.ts'
import { type Html, type Page, scrolling, section } from '../parts/page.ts'

/** The page of `operator eval analyze`. */
export const analysisPage = (campaign: CampaignHead, analysis: Analysis): Page => ({
  title: `Analysis of c${campaign.id} ${campaign.name}`,
  section: 'Campaigns',
  trail: [
    ['Campaigns', '/'],
    [`c${campaign.id} ${campaign.name}`, `/c/${campaign.id}`],
  ],
  body: analysisBody(campaign, analysis),
})

export const analysisBody = (campaign: CampaignHead, analysis: Analysis): Html =>
  html`<h1>Analysis of <span class="quiet">c${campaign.id}</span> ${inert(campaign.name)}</h1>
<p class="quiet">${analysis.trials} trials ended; judged by scorer ${analysis.scorer_versions.join(' and ') || 'none'}.</p>
${sectionsOf(analysis).map((one, i) => {
  if (typeof one === 'string') return html`<p>${one}</p>`
  const { title, head, rows } = one
  return section(
    `part-${i}`,
    inert(title),
    scrolling(
      title,
      html`<table class="list"><thead><tr>${head.map((name) => html`<th scope="col">${inert(name)}</th>`)}</tr></thead>
<tbody>${rows.map((row) => html`<tr>${row.map((cell) => html`<td class="num">${inert(String(cell))}</td>`)}</tr>`)}</tbody></table>`,
    ),
  )
})}`

/** The result of `operator eval compare`: the verdict in words, and every metric with its difference. */
export function verdict({ verdict, safety, reference, candidate, metrics, cautions }: Comparison): Html {
  return html`<p><b>${inert(candidate.name)} against ${inert(reference.name)}: ${verdict.kind}.</b> ${inert(verdict.words)}</p>
<p>${inert(safety.words)}</p>
${scrolling(
  'Metrics',
  html`<table class="list"><thead><tr><th scope="col">metric</th><th scope="col">${inert(reference.name)}</th><th scope="col">${inert(candidate.name)}</th><th scope="col">difference</th><th scope="col">95 % interval</th><th scope="col">p</th><th scope="col">says</th></tr></thead>
<tbody>${metrics.map(({ words, unit, difference, p, p_holm, verdict, ...sides }) => {
    const value = (side: 'reference' | 'candidate') => {
      const { value } = sides[side]
      return value === null ? '-' : figure(unit, value)
    }
    const interval = difference?.interval
    return html`<tr><th scope="row">${words}</th><td class="num">${value('reference')}</td><td class="num">${value('candidate')}</td>
<td class="num">${difference ? change(unit, difference.value) : '-'}</td><td class="num">${interval ? changes(unit, interval) : '-'}</td>
<td class="num">${p === null ? '-' : probability(p_holm ?? p)}</td><td>${verdict === 'inconclusive' ? '' : verdict}</td></tr>`
  })}</tbody></table>`,
)}
<p class="quiet small">p of the metrics after the first is corrected for their number (Holm), but for harm, which is tested by itself. p values are valid for one test, at a number of trials that was fixed before any result was seen.</p>
${cautions.map((caution) => html`<p class="warning">${inert(caution)}</p>`)}`
}
