import { html } from 'hono/html'
import { inert } from '../../core/text.ts'
import { kaplanMeier, type Lifetime, survivalQuantile } from '../../eval/stats/survival.ts'
import type { Line } from '../data/board.ts'
import { groups, lifetimes, type TimeName, timeNames } from '../data/figures.ts'
import { niceTicks } from './axis.ts'
import { seconds } from './format.ts'
import { empty } from './page.ts'

const box = { width: 460, left: 54, right: 28, row: 26, curve: 110, axis: 22 }
const maxArms = 8
/** More points than this add no information. */
const maxPoints = 150

const says: Record<TimeName, string> = {
  detect: 'until a ticket opened',
  resolve: 'until the monitor closed the last one',
  recover: 'until the oracle saw everything healthy',
}

/** Detect, resolve and recover times by arm: a point for every trial, and the share that still waits (Kaplan-Meier). */
export function distributions(lines: readonly Line[]) {
  const arms = [...groups(lines, ({ arm }) => arm)].sort(([a], [b]) => (a < b ? -1 : 1)).slice(0, maxArms)
  const panels = timeNames.flatMap((name) => {
    const series = arms
      .map(([arm, of], i) => ({ arm, i, of: lifetimes(of, name) }))
      .filter(({ of }) => of.length > 0)
    return series.length === 0 ? [] : [panel(name, series)]
  })
  if (panels.length === 0) return empty('No trial has ended yet that counts.')
  return html`<div class="panels">${panels}</div>
<p class="quiet">A filled point: it happened then. A ring: it had not happened when the trial ended. The steps: the share of trials in which it had not happened yet.</p>`
}

interface Series {
  arm: string
  i: number
  of: Lifetime[]
}

function panel(name: TimeName, series: readonly Series[]) {
  const longest = Math.max(1, ...series.flatMap(({ of }) => of.map(({ ms }) => ms)))
  const { width, left, right, row, curve, axis } = box
  const x = (ms: number) => round(left + (ms / longest) * (width - left - right))
  const curveTop = series.length * row + 12
  const height = curveTop + curve + axis
  const y = (share: number) => round(curveTop + (1 - share) * curve)
  const said = series.map(({ arm, of }) => `${arm}: ${medianText(of)}`).join('; ')
  return html`<figure class="panel"><figcaption><b>${name}</b> <span class="quiet">${says[name]}</span></figcaption>
<svg viewBox="0 0 ${width} ${height}" role="img" aria-label="${name} times. ${inert(said)}">
${niceTicks(0, longest, 5).map(
  (ms) =>
    html`<line class="grid" x1="${x(ms)}" x2="${x(ms)}" y1="0" y2="${curveTop + curve}"/><text class="tick" x="${x(ms)}" y="${height - 6}" text-anchor="middle">${ms / 1_000} s</text>`,
)}
${series.map(({ i, of }, at) =>
  sampled(of).map(
    ({ ms, happened }, n) =>
      html`<circle class="arm a${i}${happened ? '' : ' censored'}" cx="${x(ms)}" cy="${round(at * row + row / 2 + (((n * 7) % 11) - 5) * 1.2)}" r="3"/>`,
  ),
)}
${[1, 0.5, 0].map((share) => html`<text class="tick" x="${left - 6}" y="${y(share) + 4}" text-anchor="end">${share * 100} %</text>`)}
<line class="axis" x1="${left}" x2="${width - right}" y1="${y(0)}" y2="${y(0)}"/>
${series.map(({ i, of }) => html`<path class="curve arm a${i}" d="${steps(of, x, y, longest)}"/>`)}
</svg>
<ul class="key">${series.map(
    ({ arm, i, of }) =>
      html`<li><i class="dot arm a${i}"></i>${inert(arm)} <span class="quiet">${medianText(of)}</span></li>`,
  )}</ul></figure>`
}

function medianText(of: readonly Lifetime[]): string {
  const median = survivalQuantile(kaplanMeier(of), 0.5)
  const happened = of.filter((one) => one.happened).length
  return `${median === null ? 'no median' : `median ${seconds(median)}`}, ${happened} of ${of.length}`
}

const sampled = (of: readonly Lifetime[]): Lifetime[] => {
  const every = Math.max(1, Math.ceil(of.length / maxPoints))
  return of.toSorted((a, b) => a.ms - b.ms).filter((_, i) => i % every === 0)
}

function steps(of: readonly Lifetime[], x: (ms: number) => number, y: (s: number) => number, end: number) {
  const path = [`M${x(0)} ${y(1)}`]
  let last = -1
  for (const { ms, survival } of kaplanMeier(of)) {
    const at = Math.round(x(ms))
    // Steps that are closer than a point on the screen are merged.
    if (at === last) path.pop()
    path.push(`H${at}V${y(survival)}`)
    last = at
  }
  return `${path.join('')}H${x(end)}`
}

const round = (n: number) => Math.round(n * 10) / 10
