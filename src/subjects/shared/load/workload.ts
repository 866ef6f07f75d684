import { type Clock, systemClock } from '../../../core/clock.ts'
import { rngFrom } from '../../../core/rng.ts'
import type {
  Workload,
  WorkloadOptions,
  WorkloadSample,
  WorkloadVerdict,
} from '../../../core/watch/subject.ts'
import type { KeyValue } from './kv.ts'
import { type LoadClient, loadClient, type Tally } from './load.ts'

const sampleMs = 1000
const readBackAtOnce = 16
/** More examples than this help nobody. */
const examples = 100

/** One of the entryPoints through which clients come. */
export interface EntryPoint {
  /** Prefix of the keys of its clients. */
  prefix: string
  /** Each client has connections of its own, so that one that waits for a dead member does not block the others. */
  open(): KeyValue
}

/**
 * Load and oracle over any store of keys and values. `readBackMs`: how long the last read-back tries. What cannot be read
 * by then is `unreadable`, never lost.
 */
export function keyValueWorkload(
  entryPoints: readonly EntryPoint[],
  options: WorkloadOptions,
  { clock = systemClock, readBackMs = 15_000 }: { clock?: Clock; readBackMs?: number } = {},
): Workload {
  const rng = rngFrom(options.seed)
  const run = (rng.int(2 ** 32) >>> 0).toString(16)
  const everyMs = 1000 / options.opsPerSecond
  const verdict: WorkloadVerdict = {
    ops: 0,
    failed: 0,
    acknowledged: 0,
    unreadable: 0,
    lostWrites: [],
    phantomReads: [],
  }
  const listeners: ((sample: WorkloadSample) => void)[] = []
  let second = { failed: 0, latencies: [] as number[] }
  const tally: Tally = {
    succeeded(latencyMs) {
      verdict.ops++
      second.latencies.push(latencyMs)
    },
    failed() {
      verdict.ops++
      verdict.failed++
      second.failed++
    },
    acknowledged: () => void verdict.acknowledged++,
    wrong(judgement, what) {
      const list = judgement === 'lost' ? verdict.lostWrites : verdict.phantomReads
      if (list.length < examples && !list.includes(what)) list.push(what)
    },
  }
  const stores: KeyValue[] = []
  const clients: LoadClient[] = []
  entryPoints.forEach(({ prefix, open }, node) => {
    for (let i = 0; i < options.clients; i++) {
      const kv = open()
      const own = { everyMs, rng: rngFrom(rng.int(2 ** 32)), clock }
      stores.push(kv)
      clients.push(loadClient(`${prefix}${run}/${node}${String.fromCharCode(97 + i)}`, kv, own, tally))
    }
  })

  const over = new AbortController()
  const running = Promise.all([...clients.map((client) => client.run(over.signal)), sampling()])

  async function sampling(): Promise<void> {
    for (;;) {
      await clock.sleep(sampleMs, over.signal).catch((error) => {
        if (!over.signal.aborted) throw error
      })
      if (over.signal.aborted) return
      const { failed, latencies } = second
      second = { failed: 0, latencies: [] }
      latencies.sort((a, b) => a - b)
      const sample = {
        at: clock.now(),
        ops: latencies.length + failed,
        failed,
        p50Ms: rank(latencies, 0.5),
        p99Ms: rank(latencies, 0.99),
      }
      for (const listener of listeners) listener(sample)
    }
  }

  async function readBack(signal: AbortSignal): Promise<void> {
    const until = AbortSignal.any([signal, AbortSignal.timeout(readBackMs)])
    const owed = clients.flatMap((client) => client.owed().map((key) => ({ client, key })))
    // Any member will do, and one that is down is asked last from then on.
    const members = entryPoints.map(({ open }) => open())
    using _close = disposeAll(members)
    const worker = async () => {
      for (let next = owed.pop(); next; next = owed.pop()) {
        const found = await readAnywhere(next.key, members, until)
        if (found.kind === 'value') next.client.judge(next.key, found.value)
        else verdict.unreadable++
      }
    }
    await Promise.all(Array.from({ length: readBackAtOnce }, worker))
    signal.throwIfAborted()
  }

  async function readAnywhere(key: string, members: KeyValue[], until: AbortSignal) {
    while (!until.aborted) {
      for (const member of [...members]) {
        const got = await member.get(key, until)
        if (got.kind === 'value') return got
        members.push(...members.splice(members.indexOf(member), 1))
      }
      await clock.sleep(100, until).catch((error) => {
        if (!until.aborted) throw error
      })
    }
    return { kind: 'failed' as const }
  }

  let stopped: Promise<WorkloadVerdict> | null = null

  const end = async () => {
    over.abort()
    await running
    for (const kv of stores) kv[Symbol.dispose]()
  }

  return {
    onSample: (listener) => void listeners.push(listener),
    stop: (signal) => {
      stopped ??= end()
        .then(() => readBack(signal))
        .then(() => verdict)
      return stopped
    },
    [Symbol.asyncDispose]: end,
  }
}

const rank = (sorted: readonly number[], q: number): number | null =>
  sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? null

const disposeAll = (all: Disposable[]): Disposable => ({
  [Symbol.dispose]: () => {
    for (const one of all) one[Symbol.dispose]()
  },
})
