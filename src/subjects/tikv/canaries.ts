import { createHash } from 'node:crypto'
import { type Clock, systemClock } from '../../core/clock.ts'
import type { Rng } from '../../core/rng.ts'
import type { Canaries } from '../../core/watch/subject.ts'
import type { Endpoints } from '../../core/watch/topology.ts'
import {
  checkPlanted,
  documentOf,
  gone,
  keyNames,
  type Planted,
  unguessable,
} from '../shared/load/canaries.ts'
import type { KeyValue } from '../shared/load/kv.ts'
import { rawKeyValue } from './raw-kv.ts'

/** On a busy machine a cluster that has just started may take longer than a few writes are waited for. */
const attempts = 10
const largeBytes = 100_000

/** Raw keys over the whole range, one of them large. Raw keys have no history, so writing one again with the same value is not noticed. */
export function canaries(
  endpoints: Endpoints,
  { clock = systemClock, checkMs = 10_000 }: { clock?: Clock; checkMs?: number } = {},
): Canaries {
  const kv = rawKeyValue(endpoints)
  const rng = unguessable()
  let planted: Planted[] = []
  return {
    get mark() {
      return planted.length === 0 ? null : Buffer.from(planted[0]?.what.replace('key ', '') ?? '')
    },
    async plant(signal) {
      for (let attempt = 1; ; attempt++) {
        try {
          planted = await plantAll(kv, rng, signal)
          return
        } catch (error) {
          if (attempt === attempts || signal.aborted) throw error
        }
      }
    },
    check: (signal) => checkPlanted(planted, { clock, signal, withinMs: checkMs }),
    [Symbol.asyncDispose]: async () => kv[Symbol.dispose](),
  }
}

function plantAll(kv: KeyValue, rng: Rng, signal: AbortSignal): Promise<Planted[]> {
  const values = [
    documentOf(rng, 60),
    documentOf(rng, 80),
    documentOf(rng, 200),
    documentOf(rng, 1_000),
    documentOf(rng, largeBytes),
  ]
  const keys = keyNames(rng, values.length)
  return Promise.all(
    values.map(async (value, i): Promise<Planted> => {
      const key = keys[i] ?? ''
      if ((await kv.put(key, value, signal)) !== 'acknowledged') throw new Error(`key ${key} was not written`)
      return { what: `key ${key}`, was: contentOf(value), read: (until) => keyText(kv, key, until) }
    }),
  )
}

async function keyText(kv: KeyValue, key: string, signal: AbortSignal): Promise<string | null> {
  const got = await kv.get(key, signal)
  if (got.kind === 'failed') return null
  return got.value === null ? gone : contentOf(got.value)
}

const contentOf = (value: string): string =>
  `content ${createHash('sha256').update(value).digest('hex').slice(0, 16)}`
