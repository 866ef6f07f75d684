import { html, raw } from 'hono/html'
import { inert } from '../../core/text.ts'
import type { Lane, Mark, Span, Timeline } from '../data/timeline.ts'
import { niceTicks } from './axis.ts'
import { brief, count, offset } from './format.ts'
import type { Html } from './page.ts'

const box = { width: 1000, left: 104, right: 20, lane: 16, gap: 4, chart: 54, top: 16 }

/** The shown range in ms around the injection; two timelines with the same range can be compared. */
export interface Range {
  from: number
  to: number
  /** The upper ends of the charts. */
  ops: number
  p99Ms: number
}

export const rangeOf = ({ from, to, zero, samples }: Timeline): Range => ({
  from: from - zero,
  to: to - zero,
  ops: Math.max(1, ...ratesOf(samples).map(({ ops }) => ops)),
  p99Ms: Math.max(1, ...samples.map(({ p99Ms }) => p99Ms ?? 0)),
})

/** The range that contains both. */
export const rangeOfBoth = (a: Range, b: Range): Range => ({
  from: Math.min(a.from, b.from),
  to: Math.max(a.to, b.to),
  ops: Math.max(a.ops, b.ops),
  p99Ms: Math.max(a.p99Ms, b.p99Ms),
})

interface FigureOptions {
  id: string
  /** Marks lead to their entries below. */
  links: boolean
  /** With several timelines: the owner of the marks' entries. */
  of?: string
}

/**
 * A trial as one chart with one axis, drawn on the server: it needs no script, and can be printed. A script adds a cursor,
 * and reads the numbers from the data block below.
 */
export function timelineFigure(timeline: Timeline, range: Range, { id, links, of = '' }: FigureOptions) {
  const { width, left, right, lane, gap, top } = box
  const scale = (width - left - right) / Math.max(1, range.to - range.from)
  const x = (at: number) =>
    round(Math.min(width - right, Math.max(left, left + (at - timeline.zero - range.from) * scale)))
  let y = top
  const next = (height: number) => {
    const at = y
    y += height + gap
    return at
  }
  const lanes = timeline.lanes.map((one) => laneGroup(one, next(lane), x))
  const marks = timeline.marks.length > 0 ? markGroup(timeline, next(lane + 4), x, { links, of }) : ''
  const charts = chartsOf(timeline, range, next, x)
  const axisY = y
  const data = {
    ...range,
    left,
    right,
    width,
    samples: timeline.samples.map(({ at, ops, failed, p99Ms }) => [at - timeline.zero, ops, failed, p99Ms]),
    marks: timeline.marks.map(({ seq, at, until }) => [
      of + seq,
      at - timeline.zero,
      (until ?? at) - timeline.zero,
    ]),
    moments: timeline.moments.map(({ name, at }) => [name, at - timeline.zero]),
  }
  return html`<figure class="timeline" id="${id}">
<div class="scroll" role="region" aria-label="Timeline" tabindex="0">
<svg viewBox="0 0 ${width} ${axisY + 18}" role="group" aria-label="What happened when; seconds after the fault">
${niceTicks(range.from, range.to, 10).map((ms) => {
  const at = x(timeline.zero + ms)
  return html`<line class="grid" x1="${at}" x2="${at}" y1="${top - 2}" y2="${axisY}"/><text class="tick" x="${at}" y="${axisY + 13}" text-anchor="middle">${tickText(ms)}</text>`
})}
${lanes}${marks}${charts}
${timeline.moments.map(
  ({ name, at }) =>
    html`<line class="moment m-${name}" x1="${x(at)}" x2="${x(at)}" y1="${top - 2}" y2="${axisY}"><title>${name} ${offset(at - timeline.zero)}</title></line>`,
)}
${momentLabels(timeline, x)}
<rect class="band" x="0" y="${top - 2}" width="0" height="${axisY - top + 2}" visibility="hidden"/>
<line class="cursor" x1="0" x2="0" y1="${top - 2}" y2="${axisY}" visibility="hidden"/>
</svg></div>
<output class="readout" aria-live="off">&nbsp;</output>
<script type="application/json" class="series">${raw(JSON.stringify(data).replaceAll('<', '\\u003c'))}</script>
</figure>`
}

const tickText = (ms: number): string => `${Math.round(ms / 100) / 10} s`

function laneGroup({ name, spans, says: said }: Lane, y: number, x: (at: number) => number): Html {
  const { lane } = box
  return html`<g><text class="label" x="0" y="${y + 12}">${inert(name.length > 15 ? `${name.slice(0, 14)}\u2026` : name)}<title>${inert(name)}</title></text>
${spans.map((span) => spanRect(span, y, lane, x))}${said === undefined ? '' : saidIn(said, spans, y, x)}</g>`
}

/** Inside the bar if it fits, otherwise after it, otherwise before it. */
function saidIn(said: string, spans: readonly Span[], y: number, x: (at: number) => number): Html | string {
  const [first, last] = [spans[0], spans.at(-1)]
  if (!first || !last) return ''
  const [from, to, width] = [x(first.from), x(last.to), said.length * 6 + 8]
  if (to - from >= width)
    return html`<text class="on-bar" x="${from + 4}" y="${y + 12}">${inert(said)}</text>`
  if (to + width <= box.width) return html`<text x="${to + 4}" y="${y + 12}">${inert(said)}</text>`
  if (from - width >= box.left)
    return html`<text x="${from - 4}" y="${y + 12}" text-anchor="end">${inert(said)}</text>`
  return ''
}

/** Labelled if there is room. A phase without duration would be invisible, so it gets the width of a hairline. */
function spanRect(span: Span, y: number, height: number, x: (at: number) => number): Html {
  const from = x(span.from)
  const width = round(Math.max(0.75, x(span.to) - from))
  const named = /^(phase|fault)/.test(span.style) && width > span.says.length * 6.2 + 4
  return html`<rect class="s-${span.style}" x="${from}" y="${y}" width="${width}" height="${height}"><title>${inert(span.says)}</title></rect>${
    named ? html`<text class="in" x="${from + 4}" y="${y + 12}">${inert(span.says)}</text>` : ''
  }`
}

const isClaim = ({ style }: Mark): boolean => style === 'claim'

function markGroup(
  { marks, zero }: Timeline,
  y: number,
  x: (at: number) => number,
  { links, of }: { links: boolean; of: string },
): Html {
  const one = (mark: Mark) => {
    const from = x(mark.at)
    const width = round(Math.max(3, x(mark.until ?? mark.at) - from))
    const says = `${offset(mark.at - zero)} ${mark.style}: ${brief(mark.says, marks.length > 100 ? 40 : 200)}`
    const shape = html`<rect class="k-${mark.style}" x="${from}" y="${y}" width="${width}" height="${box.lane}" data-seq="${of + mark.seq}"><title>${says}</title></rect>`
    return links ? html`<a href="#e${mark.seq}" aria-label="${says}">${shape}</a>` : shape
  }
  // A claim follows the last command at once. It has a row of its own, so it covers none.
  const [claims, commands] = [marks.filter(isClaim), marks.filter((mark) => !isClaim(mark))]
  return html`<g><text class="label" x="0" y="${y + 12}">commands</text>${[...claims, ...commands.slice(0, 400)].map(one)}</g>`
}

/** Labels of close moments are put on different sides of their lines, or left out: the lines have titles. */
function momentLabels({ moments }: Timeline, x: (at: number) => number): Html[] {
  let free = 0
  return moments
    .toSorted((a, b) => a.at - b.at)
    .flatMap(({ name, at }) => {
      const width = name.length * 6.2
      const from = Math.min(Math.max(x(at) - width / 2, free), box.width - width)
      if (from - x(at) > width) return []
      free = from + width + 8
      return [html`<text class="moment-name" x="${round(from)}" y="10">${name}</text>`]
    })
}

type Next = (height: number) => number

/** Load: operations a second with the failed ones, and the slowest one in a hundred. */
function chartsOf({ samples }: Timeline, range: Range, next: Next, x: (at: number) => number): Html | string {
  if (samples.length === 0) return ''
  const rate = ratesOf(samples)
  const ops = rate.map(({ at, ops }) => ({ at, value: ops }))
  const failed = rate.map(({ at, failed }) => ({ at, value: failed }))
  const p99 = samples.map(({ at, p99Ms }) => ({ at, value: p99Ms }))
  return html`${chart('operations/s', next(box.chart), range.ops, x, [
    { style: 'ops', points: ops },
    { style: 'failed', points: failed },
  ])}${chart('p99, ms', next(box.chart), range.p99Ms, x, [{ style: 'p99', points: p99 }])}`
}

/** Per second, whatever time a sample covers. */
const ratesOf = (samples: Timeline['samples']) =>
  samples.map(({ at, ops, failed }, i) => {
    const seconds = Math.max(0.2, (at - (samples[i - 1]?.at ?? at - 1_000)) / 1_000)
    return { at, ops: ops / seconds, failed: failed / seconds }
  })

interface Curve {
  style: string
  points: { at: number; value: number | null }[]
}

function chart(name: string, y: number, highest: number, x: (at: number) => number, curves: Curve[]): Html {
  const { left, right, width, chart: height } = box
  const at = (value: number) => round(y + height - 2 - (value / highest) * (height - 8))
  const path = ({ points }: Curve) => {
    let pen = 'M'
    return points
      .map(({ at: time, value }) => {
        if (value === null) {
          pen = 'M'
          return ''
        }
        const step = `${pen}${x(time)} ${at(value)}`
        pen = 'L'
        return step
      })
      .join('')
  }
  return html`<g class="chart"><rect class="field" x="${left}" y="${y}" width="${width - left - right}" height="${height}"/>
<text class="label" x="0" y="${y + 12}">${name}</text><text class="tick" x="${left - 4}" y="${y + 12}" text-anchor="end">${count(Math.round(highest))}</text>
<text class="tick" x="${left - 4}" y="${y + height - 2}" text-anchor="end">0</text>
${curves.map((curve) => html`<path class="line l-${curve.style}" d="${path(curve)}"/>`)}</g>`
}

const round = (n: number) => Math.round(n * 10) / 10

/** Meaning of the timeline's colours. */
export const timelineLegend = () =>
  html`<p class="legend small">${(
    [
      ['s-well', 'well'],
      ['s-leader', 'well, leads'],
      ['s-down', 'not well'],
      ['s-unknown', 'unknown'],
      ['s-ticket-open', 'ticket open'],
      ['s-ticket-claimed', 'claimed'],
      ['s-ticket-verifying', 'verifying'],
      ['s-ticket-escalated', 'escalated'],
      ['k-diagnostic', 'diagnostic command'],
      ['k-remediation', 'remediation'],
      ['k-destructive', 'destructive'],
      ['k-unknown', 'unknown command'],
      ['k-other', 'other'],
      ['k-claim', 'claim'],
      ['l-ops', 'operations'],
      ['l-failed', 'failed'],
      ['l-p99', 'p99'],
    ] as const
  ).map(([style, says]) => html`<span><i class="dot ${style}"></i>${says}</span>`)}</p>`
