import { createInterface } from 'node:readline'
import { systemClock } from '../../core/clock.ts'
import type { NodeState } from '../contract.ts'
import { type Engine, tolerating } from './engine/engine.ts'

// A node's process is the first one of a container that may end and be started again; its network and disk stay.

const pollMs = 5
const shownMs = 500
const stopSeconds = 5
const patienceMs = 15_000

interface Inspected {
  State: { Running: boolean; Paused: boolean; Pid: number; StartedAt: string }
}

const inspect = (engine: Engine, container: string): Promise<Inspected> =>
  engine.ask('GET', `/containers/${container}/json`)

export async function stateOf(engine: Engine, container: string): Promise<NodeState> {
  const { State } = await inspect(engine, container)
  if (!State.Running) return 'stopped'
  if (State.Paused) return 'paused'
  // Uses the engine's own process list: nothing is started in the container. 409: the container has just ended.
  const top = await tolerating(
    [409, 500],
    engine.ask<{ Titles: string[]; Processes: string[][] | null }>('GET', `/containers/${container}/top`, {
      query: { ps_args: '-eo pid,stat' },
    }),
  )
  const stat = top?.Processes?.find(([pid]) => Number(pid) === State.Pid)?.[1]
  if (stat === undefined || stat.startsWith('Z')) return stillRunning(engine, container)
  return /^[Tt]/.test(stat) ? 'paused' : 'running'
}

const stillRunning = async (engine: Engine, container: string): Promise<NodeState> =>
  (await inspect(engine, container)).State.Running ? 'running' : 'stopped'

/** No-op when it runs. A process that was just asked to end still runs: it is started once it has ended. */
export async function startContainer(engine: Engine, container: string): Promise<void> {
  if (await isEnding(engine, container)) await stopContainer(engine, container)
  await engine.ask('POST', `/containers/${container}/start`)
}

const endingSignals = ['2', '3', '9', '15']

/** Limited to the few hundred events that the engine remembers. */
async function isEnding(engine: Engine, container: string): Promise<boolean> {
  const { State } = await inspect(engine, container)
  if (!State.Running) return false
  const startedAt = Date.parse(State.StartedAt)
  const seconds = (ms: number) => (ms / 1000).toFixed(3)
  const stream = await engine.stream('GET', '/events', {
    query: {
      since: seconds(startedAt),
      until: seconds(systemClock.now()),
      filters: JSON.stringify({ type: ['container'], container: [container], event: ['kill'] }),
    },
  })
  for await (const line of createInterface({ input: stream })) {
    const { timeNano, Actor } = JSON.parse(line) as KillEvent
    if (timeNano / 1e6 > startedAt && endingSignals.includes(Actor.Attributes.signal ?? '')) return true
  }
  return false
}

interface KillEvent {
  timeNano: number
  Actor: { Attributes: Record<string, string> }
}

/** SIGTERM, then SIGKILL. A paused process would not react to the first. */
export async function stopContainer(engine: Engine, container: string): Promise<void> {
  await thaw(engine, container)
  const stopping = engine.ask('POST', `/containers/${container}/stop`, {
    query: { t: String(stopSeconds) },
  })
  await tolerating([409], kill(engine, container, 'CONT'))
  await stopping
}

/** Delivers the signal and waits until its effect shows. */
export async function signalContainer(
  engine: Engine,
  container: string,
  signal: 'KILL' | 'STOP' | 'CONT',
): Promise<void> {
  if (signal !== 'STOP') await thaw(engine, container)
  await kill(engine, container, signal)
  const started = systemClock.now()
  for (;;) {
    const state = await stateOf(engine, container)
    const waited = systemClock.now() - started
    if (state === 'stopped') return
    // A stop cannot be refused, but another process may have continued this one before we looked.
    if (signal !== 'KILL' && ((state === 'paused') === (signal === 'STOP') || waited > shownMs)) return
    if (waited > patienceMs) throw new Error(`${container}: SIG${signal} has no effect`)
    await systemClock.sleep(pollMs)
  }
}

const kill = (engine: Engine, container: string, signal: string): Promise<unknown> =>
  engine.ask('POST', `/containers/${container}/kill`, { query: { signal: `SIG${signal}` } })

/** Undoes a `docker pause` that was made from inside. 409: it is not paused; 500: the same in an older engine. */
async function thaw(engine: Engine, container: string): Promise<void> {
  if ((await inspect(engine, container)).State.Paused)
    await tolerating([409, 500], engine.ask('POST', `/containers/${container}/unpause`))
}
