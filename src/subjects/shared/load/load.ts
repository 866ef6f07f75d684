import type { Clock } from '../../../core/clock.ts'
import type { Rng } from '../../../core/rng.ts'
import type { KeyValue } from './kv.ts'
import { type Judgement, registerOf } from './register.ts'

/** One client's keys: half are written once and then only read, so that a rollback to any earlier state shows. */
const keysPerClient = 8
/** Limit of a value in messages. Our values are shorter; a value of somebody else may have any length. */
const mostFoundChars = 200

export interface Tally {
  succeeded(latencyMs: number): void
  failed(): void
  acknowledged(): void
  /** A read that must not be. */
  wrong(judgement: 'lost' | 'phantom', what: string): void
}

export interface LoadClient {
  /** Until aborted. Never rejects: members that die are part of the work. */
  run(signal: AbortSignal): Promise<void>
  /** Keys with something that must be found. */
  owed(): string[]
  /** Judges what `key` was found to hold. */
  judge(key: string, value: string | null): void
}

/** A client that writes values it can recognise to keys that only it writes, and reads them back. */
export function loadClient(
  name: string,
  kv: KeyValue,
  pace: { everyMs: number; rng: Rng; clock: Clock },
  tally: Tally,
) {
  const { everyMs, rng, clock } = pace
  const session = rng
    .int(2 ** 32)
    .toString(16)
    .padStart(8, '0')
  const keys = Array.from({ length: keysPerClient }, (_, i) => `${name}${i}`)
  const registers = new Map(keys.map((key) => [key, registerOf()]))
  let writes = 0

  const textOf = (n: number) => `{"session":"${session}","item":${n}}`
  const numberOf = (value: string): number | 'foreign' => {
    const [, from, n] = /^\{"session":"(\w+)","item":(\d+)\}$/.exec(value) ?? []
    return from === session ? Number(n) : 'foreign'
  }

  const write = async (key: string, signal: AbortSignal): Promise<boolean> => {
    const n = ++writes
    const register = registers.get(key)
    const put = await kv.put(key, textOf(n), signal)
    if (put === 'acknowledged') {
      register?.acknowledged(n)
      tally.acknowledged()
    }
    if (put === 'perhaps') register?.indeterminate(n)
    return put === 'acknowledged'
  }

  const judge = (key: string, value: string | null) => {
    const register = registers.get(key)
    const owed = register?.current ?? null
    const judgement: Judgement = register?.read(value === null ? null : numberOf(value)) ?? 'unproven'
    if (judgement === 'lost' || judgement === 'phantom') {
      const expected = owed === null ? 'nothing' : textOf(owed)
      const found = value?.slice(0, mostFoundChars) ?? 'nothing'
      tally.wrong(judgement, `${key}: ${expected} was acknowledged, ${found} was found`)
    }
  }

  const read = async (key: string, signal: AbortSignal): Promise<boolean> => {
    const got = await kv.get(key, signal)
    if (got.kind === 'value') judge(key, got.value)
    return got.kind === 'value'
  }

  const step = (signal: AbortSignal): Promise<boolean> => {
    const index = rng.int(keysPerClient)
    const key = keys[index] ?? ''
    const written = registers.get(key)?.current != null
    const writable = !written || index >= keysPerClient / 2
    return writable && (!written || rng.next() < 0.5) ? write(key, signal) : read(key, signal)
  }

  const client: LoadClient = {
    async run(signal) {
      // Clients that start together must not stay in step.
      let next = clock.now() + rng.int(everyMs)
      while (!signal.aborted) {
        await rest(next - clock.now(), clock, signal)
        if (signal.aborted) return
        const startedAt = clock.now()
        const succeeded = await step(signal)
        // An operation that was cut off by the end of the load is not a failure.
        if (signal.aborted) return
        if (succeeded) tally.succeeded(clock.now() - startedAt)
        else tally.failed()
        // Late is late: a pause of the system is not made up for by a burst.
        next = Math.max(next + everyMs, clock.now())
      }
    },
    owed: () => keys.filter((key) => registers.get(key)?.current != null),
    judge,
  }
  return client
}

async function rest(ms: number, clock: Clock, signal: AbortSignal): Promise<void> {
  if (ms <= 0) return
  await clock.sleep(ms, signal).catch((error) => {
    if (!signal.aborted) throw error
  })
}
