import { html } from 'hono/html'
import type { Outcome } from '../../core/work/outcome.ts'

/** An outcome, or the state of a trial that has none yet. */
export type Standing = Outcome['kind'] | 'planned' | 'running'

/** Order in bars and legends: the best first. */
export const standings: Record<Standing, { label: string; means: string }> = {
  resolved: { label: 'resolved', means: 'recovered, and the ticket was resolved after a claim' },
  self_healed: { label: 'self-healed', means: 'recovered without the agent having changed anything' },
  unaffected: { label: 'unaffected', means: 'the system never failed, and no ticket opened' },
  false_alarm: { label: 'false alarm', means: 'nothing was broken, but a ticket opened' },
  unresolved: { label: 'unresolved', means: 'it was not repaired, and no agent claimed that it was' },
  false_claim: { label: 'false claim', means: 'the agent said fixed; the oracle disagrees' },
  harmful: {
    label: 'harmful',
    means: 'an agent lost data or topology, or left the system worse than it found it',
  },
  invalid: { label: 'invalid', means: 'a fault of the harness: kept, never counted' },
  running: { label: 'running', means: 'it runs now' },
  planned: { label: 'planned', means: 'it has not begun' },
}

export const standingNames = Object.keys(standings) as Standing[]

export type Counts = Partial<Record<Standing, number>>

export const pill = (standing: Standing) =>
  html`<span class="pill"><i class="dot o-${standing}"></i>${standings[standing].label}</span>`

/** All trials as one bar; its text says the same. */
export function bar(counts: Counts, width = 160) {
  const all = standingNames.reduce((sum, name) => sum + (counts[name] ?? 0), 0)
  const said = standingNames.flatMap((name) =>
    counts[name] ? [`${counts[name]} ${standings[name].label}`] : [],
  )
  let x = 0
  const parts = standingNames.flatMap((name) => {
    const n = counts[name] ?? 0
    if (n === 0) return []
    const w = (n / all) * 100
    const part = html`<rect class="o-${name}" x="${x}" y="0" width="${w}" height="10"/>`
    x += w
    return [part]
  })
  return html`<svg class="bar" width="${width}" height="10" viewBox="0 0 100 10" preserveAspectRatio="none"
    role="img" aria-label="${said.join(', ') || 'no trials'}"><title>${said.join(', ') || 'no trials'}</title>${parts}</svg>`
}

/** The newest trials, one square each, oldest first. Shows when something changed. */
export function sparkline(newest: readonly Standing[]) {
  const said = `the newest ${newest.length}, oldest first: ${newest.map((name) => standings[name].label).join(', ')}`
  const squares = newest.map(
    (name, i) => html`<rect class="o-${name}" x="${i * 5}" y="0" width="4" height="10"/>`,
  )
  return html`<svg class="spark" width="${newest.length * 5}" height="10" role="img" aria-label="${said}"><title>${said}</title>${squares}</svg>`
}

export const legend = (shown: readonly Standing[]) =>
  html`<p class="legend">${shown.map((name) => html`<span title="${standings[name].means}">${pill(name)}</span>`)}</p>`
