import { between, type Histogram, linesOf, mostBuckets, quantile } from '../../shared/client/exposition.ts'
import { anchor, type Series } from './series.ts'

const minApartMs = 450
/** So many readings of a series are kept over its window. */
const readingsKept = 32
/** A family that tells more apart by labels is not read: readings are kept over many looks. */
const mostGroups = 1_000
const mostCells = 2_000
const mostLabelChars = 200
const startsWithinMs = 5 * 60_000
/** So long a page that lacks what an earlier one had is taken for broken. */
const disbeliefMs = 5 * 60_000

type Value = number | Histogram
/** By the value of the label that tells them apart; '' where nothing does. null: it cannot be read. */
type Reading = ReadonlyMap<string, Value> | null

export interface Recent<K extends string> {
  series: Record<K, number | null>
  /** The same by the label that tells them apart, where there is one. null: not known. */
  groups: Record<K, Readonly<Record<string, number>> | null>
}

/** Turns what a process has counted since its start into what happened lately. One for each node. `at`: monotonic, in ms. */
export interface Window<K extends string> {
  /** null: this is not such a page, or the first sample of the process. */
  add(at: number, page: string): Recent<K> | null
  /** How often it was seen to have started in the last minutes, itself included; null: it never said. */
  starts(at: number): number | null
}

export function windowOf<K extends string>(definitions: Record<K, Series>): Window<K> {
  const series = Object.entries(definitions) as [K, Series][]
  let histories: History[] = []
  let sampledBefore = false
  const starts = new Map<number, number>()
  return {
    add(at, page) {
      const started = startOf(page)
      if (started === null) return null
      if (!starts.has(started)) {
        // Counts from before a restart are dropped.
        histories = series.map(([, one]) => historyOf(one))
        starts.set(started, at)
        sampledBefore = false
      }
      const groups = series.map(([name, one], i) => [
        name,
        histories[i]?.add(at, readingOf(page, one)) ?? null,
      ])
      if (!sampledBefore) {
        sampledBefore = true
        return null
      }
      const known = Object.fromEntries(groups) as Recent<K>['groups']
      const numbers = series.map(([name]) => [name, known[name] && Math.max(0, ...numbersIn(known[name]))])
      return {
        series: { ...Object.fromEntries(numbers), ...signed(series, known) },
        groups: known,
      }
    },
    starts(at) {
      for (const [started, seenAt] of starts)
        if (seenAt < at - startsWithinMs && starts.size > 1) starts.delete(started)
      return starts.size === 0 ? null : starts.size
    },
  }
}

const numbersIn = (groups: Readonly<Record<string, number>>): number[] => Object.values(groups)

/** A change may be negative; the highest of one number is that number. */
const signed = <K extends string>(series: [K, Series][], known: Recent<K>['groups']) =>
  Object.fromEntries(
    series.flatMap(([name, { kind }]) =>
      kind === 'change' && known[name] ? [[name, known[name][''] ?? 0]] : [],
    ),
  )

/** A page that does not end with a line is not whole. */
function startOf(page: string): number | null {
  const [line] = page.endsWith('\n') ? linesOf(page, `${anchor} `) : []
  return line === undefined ? null : finiteAtEnd(line)
}

interface History {
  /** Results of the readings by group; null: none yet. */
  add(at: number, reading: Reading): Record<string, number> | null
}

function historyOf(one: Series): History {
  const apartMs = Math.max(minApartMs, one.windowMs / readingsKept)
  let samples: Sample[] = []
  let believedAt = 0
  return {
    add(at, reading) {
      const newest = samples.at(-1)
      if (reading === null) return null
      if (newest && lacks(one, newest.reading, reading)) {
        if (at - believedAt < disbeliefMs) return null
        samples = []
      }
      believedAt = at
      const before = samples.at(-1)
      const now = { at, reading }
      if (!before || at - before.at >= apartMs) samples.push(now)
      samples = samples.filter((_, i) => (samples[i + 1]?.at ?? at) > at - one.windowMs)
      if (reading.size === 0) return one.absent === 'zero' ? {} : null
      const since = samples.find((sample) => sample.at < at)
      if (since) return numbersSince(one, since, now)
      return one.kind === 'value' ? numbersSince(one, now, now) : null
    },
  }
}

/** Series do not go while their process lives, and counters do not fall: such a page is not to be believed at first. */
function lacks(one: Series, before: ReadonlyMap<string, Value>, now: ReadonlyMap<string, Value>): boolean {
  const counts = one.kind !== 'value' && one.kind !== 'change'
  return [...before].some(([group, value]) => {
    const later = now.get(group)
    if (later === undefined) return !one.mayVanish
    if (typeof later === 'number') return counts && later < (value as number)
    return totalOf(later) < totalOf(value as Histogram)
  })
}

const totalOf = ({ counts }: Histogram): number => counts.at(-1) ?? 0

interface Sample {
  at: number
  reading: ReadonlyMap<string, Value>
}

function numbersSince(one: Series, then: Sample, now: Sample): Record<string, number> {
  const seconds = Math.max(0.001, (now.at - then.at) / 1_000)
  return Object.fromEntries(
    [...now.reading].map(([group, value]) => [
      group,
      numberSince(one, then.reading.get(group), value, seconds),
    ]),
  )
}

/** A series that was not there before has appeared with its first event. */
function numberSince(
  { kind, q = 0.99 }: Series,
  then: Value | undefined,
  now: Value,
  seconds: number,
): number {
  if (typeof now !== 'number') {
    const counted = typeof then === 'object' ? between(then, now) : now
    return counted && totalOf(counted) > 0 ? quantile(q, counted) : 0
  }
  const before = typeof then === 'number' ? then : 0
  switch (kind) {
    case 'value':
      return now
    case 'change':
      return then === undefined ? 0 : now - before
    case 'rate':
      return Math.max(0, now - before) / seconds
    case 'increase':
    case 'quantile':
      return Math.max(0, now - before)
    default:
      return kind satisfies never
  }
}

function linesLike(page: string, prefix: string, only: Series['where']): string[] {
  const bare = only ? [] : linesOf(page, `${prefix} `)
  const lines = [...bare, ...linesOf(page, `${prefix}{`)]
  if (!only) return lines
  const pattern = new RegExp(`[{,]${only.label}="(?:${only.like})"`)
  return lines.filter((line) => pattern.test(line))
}

function readingOf(page: string, { kind, family, where, by }: Series): Reading {
  const isHistogram = kind === 'quantile'
  const label = by === undefined ? null : new RegExp(`[{,]${by}="([^"]*)"`)
  const numbers = new Map<string, number>()
  const buckets = new Map<string, Map<number, number>>()
  let cells = 0
  for (const line of linesLike(page, isHistogram ? `${family}_bucket` : family, where)) {
    const value = finiteAtEnd(line)
    const group = label ? copyOf(label.exec(line)?.[1] ?? '') : ''
    if (value === null || group.length > mostLabelChars) return null
    if (isHistogram) {
      const bound = /[{,]le="([^"]+)"/.exec(line)?.[1]
      const of = buckets.get(group) ?? new Map<number, number>()
      const le = bound === '+Inf' ? Number.POSITIVE_INFINITY : Number(bound)
      if (!of.has(le)) cells++
      buckets.set(group, of.set(le, (of.get(le) ?? 0) + value))
      if (of.size > mostBuckets || cells > mostCells) return null
    } else numbers.set(group, (numbers.get(group) ?? 0) + value)
    if (numbers.size > mostGroups || buckets.size > mostGroups) return null
  }
  if (!isHistogram) return numbers
  const histograms = [...buckets].map(([group, of]) => [group, histogramOf(of)] as const)
  const whole = histograms.every(([, { bounds }]) => bounds.at(-1) === Number.POSITIVE_INFINITY)
  return whole ? new Map(histograms) : null
}

/** All series of a family, bucket by bucket. */
function histogramOf(buckets: ReadonlyMap<number, number>): Histogram {
  const bounds = [...buckets.keys()].sort((a, b) => a - b)
  return { bounds, counts: bounds.map((bound) => buckets.get(bound) ?? 0) }
}

/** Not a part of the page, which would be kept with it. */
const copyOf = (text: string): string => Buffer.from(text).toString()

function finiteAtEnd(line: string): number | null {
  const number = Number(line.slice(line.lastIndexOf(' ') + 1))
  return Number.isFinite(number) ? number : null
}
