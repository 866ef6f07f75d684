import { readdirSync, readFileSync } from 'node:fs'
import { basename } from 'node:path'
import { systemClock } from '../src/core/clock.ts'

/** The unit of /proc/PID/stat on every Linux that Node runs on. */
const msPerTick = 10
const everyMs = 50

interface Stat {
  parent: number
  startedAt: string
  /** Its own time, and that of its ended children with theirs. */
  ownMs: number
  reapedMs: number
}

interface Seen {
  parent: string | undefined
  kind: string
  /** It is the first process of a lab. */
  isFirst: boolean
  ownMs: number
  reapedMs: number
  /** Its time is in the figure of no other process. */
  isLost: boolean
}

export interface ProcessTimes {
  /** Processor time in ms. The children of `x` that ended before a sample met them are `x, its short processes`. */
  byKind: Map<string, number>
  /** The sum over all processes, as it grew. */
  series: { at: number; totalMs: number }[]
}

/**
 * Samples the processor time of a child of ours and of everything below it. Nothing is counted twice: the time of a process that
 * has ended is in its parent's figure for ended children, and what the samples saw of it is taken off there. Only the first process
 * of a lab keeps no such figure for those that the kernel ends with it: their last sample stands.
 */
export function watchProcesses(root: number): { end(): ProcessTimes } {
  const seen = new Map<string, Seen>()
  const series: ProcessTimes['series'] = []
  const endedBefore = statOf('self')?.reapedMs ?? 0
  let last = new Set<string>()
  let lostMs = 0
  const sample = () => {
    const alive = processes()
    const now = new Set<string>()
    const reapedBefore = new Map([...seen].map(([key, { reapedMs }]) => [key, reapedMs]))
    let totalMs = 0
    for (const [pid, { key, stat }] of alive) {
      const line = lineage(pid, root, alive)
      if (!line) continue
      now.add(key)
      const words = wordsOf(pid)
      const ancestors = line.map((ancestor) => seen.get(ancestor)?.kind ?? '')
      // One that has ended and is not buried yet has no words any more.
      const kind = words[0] === '' ? (seen.get(key)?.kind ?? '') : kindOf(words, ancestors)
      const isFirst = words[0] === 'init' || (seen.get(key)?.isFirst ?? false)
      seen.set(key, {
        parent: line[0],
        kind,
        isFirst,
        ownMs: stat.ownMs,
        reapedMs: stat.reapedMs,
        isLost: false,
      })
      totalMs += stat.ownMs + stat.reapedMs
    }
    for (const key of last) {
      const process = now.has(key) ? undefined : seen.get(key)
      const first = process && firstAbove(process, seen)
      if (!first || (now.has(first) && seen.get(first)?.reapedMs !== reapedBefore.get(first))) continue
      process.isLost = true
      lostMs += process.ownMs + process.reapedMs
    }
    last = now
    if (now.size > 0) series.push({ at: systemClock.now(), totalMs: totalMs + lostMs })
  }
  sample()
  const timer = setInterval(sample, everyMs)
  return {
    end: () => {
      clearInterval(timer)
      sample()
      return { byKind: attributed(seen, (statOf('self')?.reapedMs ?? 0) - endedBefore), series }
    },
  }
}

/** The first process of the lab in which it is. */
function firstAbove({ parent }: Seen, seen: ReadonlyMap<string, Seen>): string | undefined {
  const above = parent === undefined ? undefined : seen.get(parent)
  return above === undefined || above.isFirst ? parent : firstAbove(above, seen)
}

/** @param allMs what the root and everything below it took, once all of it has ended, without what is lost */
function attributed(seen: ReadonlyMap<string, Seen>, allMs: number): Map<string, number> {
  const byKind = new Map<string, number>()
  const add = (kind: string, ms: number) => byKind.set(kind, (byKind.get(kind) ?? 0) + ms)
  let root = 'root'
  let rest = allMs
  for (const { parent, kind, ownMs, reapedMs, isLost } of seen.values()) {
    add(kind, ownMs)
    add(shortOf(kind), reapedMs)
    const above = parent === undefined ? undefined : seen.get(parent)
    if (!above) {
      root = kind
      rest -= ownMs + reapedMs
    } else if (!isLost) add(shortOf(above.kind), -(ownMs + reapedMs))
  }
  add(root, rest)
  return byKind
}

const shortOf = (kind: string): string => (kind.endsWith('processes') ? kind : `${kind}, its short processes`)

/** @param ancestors kinds, the parent's first */
function kindOf(words: readonly string[], ancestors: readonly string[]): string {
  const program = basename(words[0] ?? '')
  if (program === 'etcd') return 'etcd'
  if (program === 'init' || program === 'unshare') return 'lab'
  const main = words.findIndex((word) => /(^|\/)(main\.[cm]?[jt]s|installed\.cjs|operator)$/.test(word))
  const verb = words[main + 1]
  if (main >= 0 && verb !== undefined) return verb === 'eval' ? 'eval run' : verb
  return shortOf(ancestors.find((kind) => kind !== '' && !kind.endsWith('processes')) ?? program)
}

/** Its ancestors up to the root, the parent's key first; null: it is none of the root's. */
function lineage(pid: number, root: number, alive: ReturnType<typeof processes>): string[] | null {
  const line: string[] = []
  for (let at = pid; at !== root; ) {
    const parent = alive.get(at)?.stat.parent
    const above = parent === undefined ? undefined : alive.get(parent)
    if (parent === undefined || !above) return null
    line.push(above.key)
    at = parent
  }
  return line
}

function processes(): Map<number, { key: string; stat: Stat }> {
  const found = new Map<number, { key: string; stat: Stat }>()
  for (const name of readdirSync('/proc')) {
    const stat = /^\d+$/.test(name) ? statOf(name) : null
    if (stat) found.set(Number(name), { key: `${name}@${stat.startedAt}`, stat })
  }
  return found
}

/** Null: it has ended. */
function statOf(pid: string): Stat | null {
  const text = readOf(pid, 'stat')
  if (text === '') return null
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  const ms = (...at: number[]) => at.reduce((sum, i) => sum + Number(fields[i]) * msPerTick, 0)
  return { parent: Number(fields[1]), startedAt: fields[19] ?? '', ownMs: ms(11, 12), reapedMs: ms(13, 14) }
}

const wordsOf = (pid: number): string[] => readOf(String(pid), 'cmdline').split('\0')

function readOf(pid: string, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8')
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ESRCH') return ''
    throw error
  }
}
