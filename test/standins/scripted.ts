import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Clock } from '../../src/core/clock.ts'
import {
  type Invariant,
  notApplicable,
  ok,
  type Severity,
  unknown,
  violated,
} from '../../src/core/watch/invariant.ts'
import type { Observation, Subject } from '../../src/core/watch/subject.ts'
import { defaultVariant } from '../../src/core/work/variant.ts'
import { type MonitorEvent, type MonitorOptions, runMonitor } from '../../src/monitor/monitor.ts'
import { type OperatorDb, openOperatorDb } from '../../src/store/operator/open.ts'
import { listTickets, ticketEvents } from '../../src/store/operator/tickets.ts'

/** What a look sees, by place: `down/a`, `slow/cluster`. Everything not named is ok. */
export type Sight = Record<string, 'bad' | 'unknown' | 'not_applicable'>
interface Seen extends Observation {
  sight: Sight
}

export interface Rule {
  name: string
  scope?: 'node' | 'cluster'
  severity?: Severity
  graceMs?: number
  keepFiringMs?: number
  inhibitedBy?: string[]
}

/** A system in memory: a test says what the next looks see, or that they fail. */
export function scripted(rules: readonly Rule[], eyes: { sight: Sight | Error }): Subject {
  const invariants = rules.map(
    (rule): Invariant<Seen> => ({
      scope: 'node',
      severity: 'warning',
      graceMs: 0,
      keepFiringMs: 0,
      description: '',
      source: '',
      ...rule,
      check: ({ sight }, node) => {
        const what = sight[`${rule.name}/${node}`]
        if (what === undefined) return ok
        if (what === 'not_applicable') return notApplicable('it has none')
        return what === 'bad' ? violated(`${rule.name} at ${node}`, { seen: 1 }) : unknown('nobody answers')
      },
    }),
  )
  const subject: Subject<Seen> = {
    name: 'test',
    title: 'a test',
    invariants,
    prompt: '',
    connect: () => ({
      observe: async () => {
        if (eyes.sight instanceof Error) throw eyes.sight
        return { at: 0, nodes: {}, sight: eyes.sight }
      },
      [Symbol.asyncDispose]: async () => undefined,
    }),
  }
  return subject as unknown as Subject
}

/** Time that passes only when told to. */
export interface HandClock extends Clock {
  /** Time passes until then. */
  set(ms: number): void
  /** Somebody sets the clock ahead or back; no time passes. */
  jump(ms: number): void
  /** The length of the pause somebody is in. */
  pausedMs(): Promise<number>
  /** Ends that pause, `ms` later. */
  wake(ms?: number): void
}

export function handClock(startMs = 1_000_000): HandClock {
  let now = startMs
  let passed = startMs
  let paused = Promise.withResolvers<number>()
  let resume = (): void => undefined
  return {
    now: () => now,
    monotonic: () => passed,
    set: (ms) => {
      passed += ms - now
      now = ms
    },
    jump: (ms) => {
      now += ms
    },
    sleep: async (ms, signal) => {
      signal?.throwIfAborted()
      const until = Promise.withResolvers<void>()
      resume = until.resolve
      const end = () => {
        paused = Promise.withResolvers()
        until.reject(signal?.reason)
      }
      signal?.addEventListener('abort', end, { once: true })
      paused.resolve(ms)
      return until.promise
    },
    pausedMs: () => paused.promise,
    wake: (ms = 0) => {
      now += ms
      passed += ms
      paused = Promise.withResolvers()
      resume()
    },
  }
}

export interface Watch extends AsyncDisposable {
  clock: HandClock
  db: OperatorDb
  events: MonitorEvent[]
  /** What happened in the database, over all tickets: `1 opened`, `1 resolved`. */
  history(): Promise<string[]>
  /** The next look, `ms` after the last one, sees this. */
  observe(sight: Sight | Error, ms?: number): Promise<void>
  stop(): Promise<void>
}

export interface WatchOptions extends Partial<MonitorOptions<Observation>> {
  path: string
  nodes?: string[]
}

/** A monitor over a real database file, which looks only when told to. */
export function watch(rules: readonly Rule[], options: WatchOptions): Watch {
  const { path, nodes = ['a', 'b'], ...rest } = options
  const eyes: { sight: Sight | Error } = { sight: {} }
  const clock = (options.clock as HandClock | undefined) ?? handClock()
  const abort = new AbortController()
  const db = openOperatorDb(path)
  const events: MonitorEvent[] = []
  let running: Promise<void> | null = null
  const start = () =>
    runMonitor({
      id: `m${clock.now()}`,
      cluster: 'c1',
      intervalMs: 1_000,
      variant: defaultVariant,
      maxAttempts: 3,
      settings: {},
      endpoints: Object.fromEntries(nodes.map((name) => [name, { url: 'http://x' }])),
      onEvent: (event) => events.push(event),
      subject: scripted(rules, eyes),
      signal: abort.signal,
      db,
      ...rest,
      clock,
    })
  const stop = async () => {
    abort.abort(new Error('the test is over'))
    await running
    running = null
  }
  return {
    clock,
    db,
    events,
    history: async () => {
      const all = await Promise.all(
        (await listTickets(db)).map(async ({ id }) => [id, await ticketEvents(db, id)] as const),
      )
      return all.flatMap(([id, happened]) => happened.map(({ event, by }) => `${id} ${event} by ${by}`))
    },
    observe: async (sight, ms = 1_000) => {
      eyes.sight = sight
      if (running) clock.wake(ms)
      else running = start()
      await Promise.race([clock.pausedMs(), running])
    },
    stop,
    [Symbol.asyncDispose]: async () => {
      if (running) await stop()
      await db.destroy()
    },
  }
}

/** A folder that is gone afterwards. */
export function folder(): Disposable & { path: string; file(name: string): string } {
  const path = mkdtempSync(join(tmpdir(), 'operator-'))
  return {
    path,
    file: (name) => join(path, name),
    [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }),
  }
}
