// Reads the text format of Prometheus, a family at a time.

/** Cumulative counts by upper bound in seconds, ascending; the last bound is Infinity. */
export interface Histogram {
  bounds: number[]
  counts: number[]
}

/** The lines that start with `prefix`; the text format keeps a family's lines together. */
export function linesOf(text: string, prefix: string): string[] {
  const lines: string[] = []
  let start = text.startsWith(prefix) ? 0 : text.indexOf(`\n${prefix}`) + 1
  if (start === 0 && !text.startsWith(prefix)) return lines
  while (text.startsWith(prefix, start)) {
    const newline = text.indexOf('\n', start)
    // The last line counts only when it is whole.
    if (newline === -1) break
    lines.push(text.slice(start, newline))
    start = newline + 1
  }
  return lines
}

export function numberAtEnd(line: string): number | null {
  const number = Number(line.slice(line.lastIndexOf(' ') + 1))
  return Number.isNaN(number) ? null : number
}

/** Counters are not negative. Numbers above the safe integers are refused, since adding 1 does not change them. */
const isCount = (value: number): boolean => value >= 0 && value <= Number.MAX_SAFE_INTEGER

/** The series of a line: its name and labels. */
const seriesOf = (line: string): string => line.slice(0, line.lastIndexOf(' '))

/** Whether a page has a series twice, which no server writes: which of the two numbers is right cannot be told. */
export const hasTwice = (lines: readonly string[]): boolean =>
  new Set(lines.map(seriesOf)).size < lines.length

/** Histograms are kept over many looks. Those of etcd and TiKV have some thirty. */
export const mostBuckets = 100

export function histogramFrom(lines: string[]): Histogram | null {
  if (lines.length > mostBuckets) return null
  const histogram: Histogram = { bounds: [], counts: [] }
  for (const line of lines) {
    const bound = /le="([^"]+)"/.exec(line)?.[1]
    const count = numberAtEnd(line)
    if (bound === undefined || count === null || !isCount(count)) return null
    const upper = bound === '+Inf' ? Number.POSITIVE_INFINITY : Number(bound)
    // Cumulative: a bucket holds those before it. A second series of the same buckets begins anew.
    if (!(upper > (histogram.bounds.at(-1) ?? Number.NEGATIVE_INFINITY))) return null
    if (count < (histogram.counts.at(-1) ?? 0)) return null
    histogram.bounds.push(upper)
    histogram.counts.push(count)
  }
  return histogram.bounds.length === 0 ? null : histogram
}

/** Counts between two samples; null: nothing was counted. */
export function between(earlier: Histogram, later: Histogram): Histogram | null {
  const counts = later.counts.map((count, i) => count - (earlier.counts[i] ?? 0))
  return (counts.at(-1) ?? 0) > 0 ? { bounds: later.bounds, counts } : null
}

/** Interpolates linearly within a bucket, as Prometheus' `histogram_quantile` does. Seconds in, seconds out. */
export function quantile(q: number, { bounds, counts }: Histogram): number {
  const rank = q * (counts.at(-1) ?? 0)
  const i = counts.findIndex((count) => count >= rank)
  const upper = bounds[i] ?? Number.NaN
  const lower = bounds[i - 1] ?? 0
  if (upper === Number.POSITIVE_INFINITY) return lower
  const below = counts[i - 1] ?? 0
  const inside = (counts[i] ?? 0) - below
  return inside === 0 ? upper : lower + (upper - lower) * ((rank - below) / inside)
}
