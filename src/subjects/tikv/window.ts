import { between, type Histogram, linesOf, mostBuckets, numberAtEnd, quantile } from '../shared/exposition.ts'
import { anchor, type Series } from './series.ts'

/**
 * Upstream looks back a minute to ten because it pages people; an operator that acts within seconds needs a window that a
 * repaired system leaves within seconds, too.
 */
export const windowMs = 15_000
const minApartMs = 450
const startsWithinMs = 5 * 60_000

type Reading = { kind: 'number'; value: number } | { kind: 'histogram'; histogram: Histogram } | null

interface Look {
  at: number
  readings: Record<string, Reading>
  /** By the id of the store that they were for. */
  undelivered: ReadonlyMap<string, number>
}

export interface Recent<K extends string> {
  series: Record<K, number | null>
  /** Messages per second that could not be delivered, by the id of the store that they were for. */
  undelivered: Record<string, number>
}

/** Turns what a process has counted since its start into what happened lately. One for each node. */
export interface Window<K extends string> {
  /** null: this is no such page, or the first look at the process. */
  add(at: number, page: string): Recent<K> | null
  /** How often it was seen to have started in the last minutes, itself included; null: it never said. */
  starts(at: number): number | null
}

export function windowOf<K extends string>(definitions: Record<K, Series>): Window<K> {
  const series = Object.entries(definitions) as [K, Series][]
  let looks: Look[] = []
  const starts = new Map<number, number>()
  return {
    add(at, page) {
      const startedAt = linesOf(page, `${anchor} `)[0]
      if (startedAt === undefined) return null
      const started = numberAtEnd(startedAt) ?? 0
      // What was counted before a restart says nothing of now.
      if (!starts.has(started)) looks = []
      if (!starts.has(started)) starts.set(started, at)
      const readings = Object.fromEntries(series.map(([name, one]) => [name, readingOf(page, one)]))
      const look = { at, readings, undelivered: undeliveredIn(page) }
      const previous = looks.at(-1)
      if (!previous || at - previous.at >= minApartMs) looks.push(look)
      while (looks[1] && looks[1].at <= at - windowMs) looks.shift()
      const [oldest] = looks
      if (!previous || !oldest) return null
      const since = previous.at === oldest.at && oldest.at === at ? previous : oldest
      const seconds = Math.max(0.001, (at - since.at) / 1000)
      const numbers = series.map(([name, one]) => [
        name,
        numberFrom(one, since.readings[name] ?? null, readings[name] ?? null, seconds),
      ])
      const undelivered = [...look.undelivered].map(([to, total]): [string, number] => {
        const before = recentBefore(looks, at)
        const apart = Math.max(0.001, (at - before.at) / 1000)
        return [to, Math.max(0, total - (before.undelivered.get(to) ?? 0)) / apart]
      })
      return { series: Object.fromEntries(numbers), undelivered: Object.fromEntries(undelivered) }
    },
    starts(at) {
      for (const [started, seenAt] of starts)
        if (seenAt < at - startsWithinMs && starts.size > 1) starts.delete(started)
      return starts.size === 0 ? null : starts.size
    },
  }
}

/** A cut link is a matter of seconds. */
export const undeliveredMs = 4_000
const recentBefore = (looks: readonly Look[], at: number): Look =>
  looks.findLast((look) => look.at <= at - undeliveredMs) ?? (looks[0] as Look)

function linesLike(page: string, prefix: string, where: Series['where']): string[] {
  const bare = where ? [] : linesOf(page, `${prefix} `)
  const lines = [...bare, ...linesOf(page, `${prefix}{`)]
  if (!where) return lines
  const pattern = new RegExp(`[{,]${where.label}="(?:${where.like})"`)
  return lines.filter((line) => pattern.test(line))
}

function readingOf(page: string, { kind, family, where }: Series): Reading {
  const lines = linesLike(page, kind === 'p99' ? `${family}_bucket` : family, where)
  if (lines.length === 0) return null
  if (kind === 'p99') return { kind: 'histogram', histogram: summed(lines) }
  return { kind: 'number', value: lines.reduce((sum, line) => sum + (numberAtEnd(line) ?? 0), 0) }
}

/** All series of a family, bucket by bucket. */
function summed(lines: readonly string[]): Histogram {
  const counts = new Map<number, number>()
  for (const line of lines) {
    const text = /le="([^"]+)"/.exec(line)?.[1]
    const bound = text === '+Inf' ? Number.POSITIVE_INFINITY : Number(text)
    if (counts.size >= mostBuckets && !counts.has(bound)) continue
    counts.set(bound, (counts.get(bound) ?? 0) + (numberAtEnd(line) ?? 0))
  }
  const bounds = [...counts.keys()].sort((a, b) => a - b)
  return { bounds, counts: bounds.map((bound) => counts.get(bound) ?? 0) }
}

function numberFrom({ kind, absent }: Series, then: Reading, now: Reading, seconds: number): number | null {
  if (now === null) return absent === 'zero' ? 0 : null
  if (now.kind === 'histogram') {
    const counted = then?.kind === 'histogram' ? between(then.histogram, now.histogram) : now.histogram
    return counted && (counted.counts.at(-1) ?? 0) > 0 ? quantile(0.99, counted) : 0
  }
  if (kind === 'value') return now.value
  const grown = Math.max(0, now.value - (then?.kind === 'number' ? then.value : 0))
  return kind === 'rate' ? grown / seconds : grown
}

/** More stores than any cluster has are none: what comes out is kept over many looks. */
const mostStores = 1_000

function undeliveredIn(page: string): Map<string, number> {
  const totals = new Map<string, number>()
  for (const line of linesLike(page, 'tikv_server_report_failure_msg_total', {
    label: 'type',
    like: 'unreachable',
  })) {
    const id = /[{,]store_id="(\d{1,20})"/.exec(line)?.[1]
    if (id === undefined || totals.size >= mostStores) continue
    // Not a part of the page, which would be kept with it.
    const to = BigInt(id).toString()
    totals.set(to, (totals.get(to) ?? 0) + (numberAtEnd(line) ?? 0))
  }
  return totals
}
