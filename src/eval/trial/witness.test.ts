import assert from 'node:assert/strict'
import { once } from 'node:events'
import { PassThrough } from 'node:stream'
import { describe, test } from 'node:test'
import { until } from '../../../test/standins/until.ts'
import { systemClock } from '../../core/clock.ts'
import { Interrupted } from '../../core/errors.ts'
import { ok, violated } from '../../core/watch/invariant.ts'
import type { Observation, Subject, WorkloadVerdict } from '../../core/watch/subject.ts'
import { isHealthy } from '../judge/oracle.ts'
import { runWitness, type WitnessMessage } from './witness.ts'

const proven: WorkloadVerdict = {
  ops: 2,
  failed: 0,
  acknowledged: 1,
  unreadable: 0,
  lostWrites: [],
  phantomReads: [],
}
const kept = { planted: 3, lost: ['key k is gone'], unreadable: 1 }
const rule = { keepFiringMs: 0, graceMs: 0, description: 'd', source: 's' } as const

/** A subject in memory: node b is down, and what was written is read back for ever or at once. */
function subject(readsBack: 'at once' | 'for ever', onObserve = () => undefined) {
  const log: string[] = []
  const memory: Subject<Observation> = {
    name: 'memory',
    title: 'in memory',
    prompt: '',
    invariants: [
      {
        ...rule,
        name: 'down',
        scope: 'node',
        severity: 'critical',
        check: (o, node) => (o.nodes[node]?.healthy ? ok : violated(`${node} is down`)),
      },
      { ...rule, name: 'slow', scope: 'node', severity: 'warning', check: () => violated('always') },
      { ...rule, name: 'split', scope: 'cluster', severity: 'critical', check: () => violated('always') },
    ],
    facts: ({ nodes }) => [{ name: 'members', value: Object.keys(nodes), keep: 'same' }],
    connect: () => ({
      observe: async () => {
        onObserve()
        return {
          at: systemClock.now(),
          nodes: { a: { healthy: true, role: 'leader' }, b: { healthy: false } },
        }
      },
      [Symbol.asyncDispose]: async () => void log.push('disconnected'),
    }),
    canaries: () => ({
      mark: Buffer.from('a mark'),
      plant: async () => void log.push('planting'),
      check: async () => kept,
      [Symbol.asyncDispose]: async () => void log.push('canaries ended'),
    }),
    workload: (_, { seed }) => {
      log.push(`load with seed ${seed}`)
      return {
        onSample: (listen) => listen({ at: 1, ops: 2, failed: 0, p50Ms: 1, p99Ms: 1 }),
        stop: async (signal) => {
          log.push('stopping')
          if (readsBack === 'for ever') {
            await once(signal, 'abort')
            throw signal.reason
          }
          return proven
        },
        [Symbol.asyncDispose]: async () => void log.push('load ended'),
      }
    },
  }
  return { memory, log }
}

function call(readsBack: 'at once' | 'for ever', onObserve?: () => undefined) {
  const { memory, log } = subject(readsBack, onObserve)
  const input = new PassThrough()
  const said: WitnessMessage[] = []
  const complaints: string[] = []
  const ended = runWitness({
    subject: memory as Subject,
    endpoints: {},
    input,
    clock: systemClock,
    load: { clients: 1, opsPerSecond: 1, seed: 5 },
    say: (message) => said.push(message),
    complain: (message) => complaints.push(message),
    signal: new AbortController().signal,
  })
  return { log, said, complaints, input, ended }
}

describe('witness', () => {
  test('probes from the start, loads when told to, and reports the result of the read-back', async () => {
    const { log, said, input, ended } = call('at once')
    await until('it looks', () => said.length > 1)
    assert.deepEqual(log, [])
    const probe = said[0]
    assert.equal(probe?.kind, 'probe')
    if (probe?.kind === 'probe') {
      assert.deepEqual(probe.healthy, { a: true, b: false })
      assert.deepEqual(probe.roles, { a: 'leader', b: null })
      assert.deepEqual(probe.facts, [{ name: 'members', value: ['a', 'b'], keep: 'same' }])
      assert.deepEqual(probe.violated, ['memory/down/b', 'memory/split/cluster'], 'critical ones only')
    }
    input.write('load\n')
    await until('it loads', () => said.some(({ kind }) => kind === 'sample'))
    await until('it has planted', () => said.some(({ kind }) => kind === 'planted'))
    assert.deepEqual(
      said.find(({ kind }) => kind === 'planted'),
      { kind: 'planted', mark: Buffer.from('a mark').toString('base64') },
    )
    input.write('stop\n')
    await ended
    assert.deepEqual(said.at(-1), { kind: 'verdict', verdict: proven, canaries: kept })
    assert.deepEqual(log, [
      'load with seed 5',
      'planting',
      'stopping',
      'canaries ended',
      'load ended',
      'disconnected',
    ])
  })

  test('ends with its owner, also in the middle of reading back', async () => {
    const { log, input, ended } = call('for ever')
    input.write('load\nstop\n')
    await until('it reads back', () => log.includes('stopping'))
    input.end()
    await assert.rejects(ended, Interrupted)
    assert.deepEqual(log.slice(-3), ['canaries ended', 'load ended', 'disconnected'])
  })

  test('continues when an observation cannot be judged, and does not count it as healthy', async () => {
    let observations = 0
    const { said, complaints, input, ended } = call('at once', () => {
      if (++observations === 1) throw new TypeError('own.push is not a function')
    })
    await until('it looks again', () => said.length > 1)
    const [first, second] = said
    assert.ok(first?.kind === 'probe' && !isHealthy(first))
    assert.ok(second?.kind === 'probe' && second.healthy.a)
    assert.deepEqual(complaints, ['own.push is not a function'])
    input.end()
    await ended
  })

  test('ends with its owner when nothing was asked of it', async () => {
    const { log, input, ended } = call('at once')
    input.end()
    await ended
    assert.deepEqual(log, ['disconnected'])
  })
})
