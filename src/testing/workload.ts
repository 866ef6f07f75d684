import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import type { Fact, Observation, Subject, Workload, WorkloadVerdict } from '../core/watch/subject.ts'
import type { Endpoints } from '../core/watch/topology.ts'
import { liar, lies } from './liar.ts'
import { type Running, untilWell } from './subject.ts'
import { until } from './until.ts'

/** A running cluster whose data a test can damage behind the workload's back. */
export interface Damageable extends Running {
  /** Deletes everything that clients have written, on every node. */
  loseWrites(): Promise<void>
  /** Gives every key that clients have written a value that nobody wrote, so that reads return it. */
  inventValues(): Promise<void>
}

const load = { seed: 7, clients: 2, opsPerSecond: 50 }
const never = new AbortController().signal
const enoughWrites = 20

/** Tests of workload and facts: they find nothing wrong in a good cluster, and find each kind of loss. */
export function workloadConformance<O extends Observation>(
  watched: Subject<O>,
  begin: () => Promise<Damageable>,
): void {
  const subject = watched as unknown as Subject
  const { name, workload, facts } = subject
  assert.ok(workload, `subject ${name} has a workload`)

  suite(`subject ${name}: workload`, () => {
    let cluster: Damageable
    before(async () => {
      cluster = await begin()
      await using connection = subject.connect(cluster.endpoints)
      await untilWell(subject, connection)
    })
    after(() => cluster[Symbol.asyncDispose]())

    /** Runs until enough is acknowledged, damages the data, and reads back. */
    const afterLoad = async (damage: () => Promise<void>): Promise<WorkloadVerdict> => {
      await using running = workload(cluster.endpoints, load)
      await untilBusy(running)
      await damage()
      return running.stop(never)
    }

    test('finds nothing wrong in a healthy cluster', async () => {
      const before = facts ? await factsOf(subject, cluster.endpoints) : []
      const verdict = await afterLoad(async () => undefined)
      assert.deepEqual([verdict.lostWrites, verdict.phantomReads, verdict.unreadable], [[], [], 0])
      assert.ok(verdict.acknowledged > 0 && verdict.ops >= verdict.acknowledged)
      if (facts) assertKept(before, await factsOf(subject, cluster.endpoints))
    })

    test('finds acknowledged writes that are lost', async () => {
      const { lostWrites } = await afterLoad(() => cluster.loseWrites())
      assert.ok(
        lostWrites.length > 0,
        'loseWrites() ended, and the workload found every acknowledged write: does loseWrites() delete on every node, and does `put` acknowledge anything?',
      )
    })

    test('finds values that nobody wrote', async () => {
      const { phantomReads } = await afterLoad(() => cluster.inventValues())
      assert.ok(
        phantomReads.length > 0,
        'inventValues() ended, and the workload read only what it wrote: does inventValues() change the keys that `get` reads, on every node?',
      )
    })

    test('counts a cluster that never answers as failing, and proves nothing by it', async () => {
      await using silent = await liar(lies['never answers'])
      const nowhere = Object.entries(cluster.endpoints).map(([node, { url }]) => {
        const there = new URL(url)
        there.host = `127.0.0.1:${silent.port}`
        return [node, { url: there.toString() }] as const
      })
      await using running = workload(Object.fromEntries(nowhere), load)
      let succeeded = 0
      let samples = 0
      running.onSample(({ ops, failed }) => {
        samples++
        succeeded += ops - failed
      })
      await until('two seconds of load are told', () => samples >= 2)
      const verdict = await running.stop(never)
      assert.deepEqual(
        [succeeded, verdict.acknowledged, verdict.lostWrites, verdict.phantomReads],
        [0, 0, [], []],
      )
    })
  })
}

async function untilBusy(running: Workload): Promise<void> {
  let done = 0
  running.onSample(({ ops, failed }) => {
    done += ops - failed
  })
  await until('the load succeeds', () => done >= enoughWrites)
}

/** One look. Names are unique, and what may only grow is a number. */
async function factsOf(subject: Subject, endpoints: Endpoints): Promise<Fact[]> {
  await using connection = subject.connect(endpoints)
  await untilWell(subject, connection)
  const facts = subject.facts?.(await connection.observe(never)) ?? []
  const places = facts.map(({ name, node }) => `${name}/${node ?? ''}`)
  assert.equal(new Set(places).size, places.length, `facts are told apart: ${places.join(', ')}`)
  for (const { name, keep, value } of facts)
    if (keep === 'grows') assert.ok(Number.isFinite(value), `${name} grows, so it is a number: ${value}`)
  return facts
}

/** Load alone loses nothing: where a fact says so, every repair would be blamed. */
function assertKept(before: readonly Fact[], now: readonly Fact[]): void {
  for (const { name, node, keep, value } of before) {
    const same = now.find((fact) => fact.name === name && fact.node === node)
    assert.ok(same, `${name} of ${node ?? 'the cluster'} is still told`)
    if (keep === 'same') assert.deepEqual(same.value, value, name)
    if (keep === 'grows')
      assert.ok(Number(same.value) >= Number(value), `${name}: ${value}, then ${same.value}`)
  }
}
