import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { systemClock } from '../core/clock.ts'
import { type Verdict, wholeCluster } from '../core/watch/invariant.ts'
import type { Connection, Observation, Subject } from '../core/watch/subject.ts'
import type { Endpoints } from '../core/watch/topology.ts'
import { type Liar, type Lie, liar, lies } from './liar.ts'
import { until } from './until.ts'

/** A running cluster of three nodes or more, which the test starts. */
export interface Running extends AsyncDisposable {
  endpoints: Endpoints
  names: string[]
  kill(name: string): Promise<void>
  start(name: string): void | Promise<void>
}

/** One second for the slowest node, and some reserve for a loaded machine. */
const observeMs = 2_500
const never = new AbortController().signal

interface Place {
  invariant: string
  node: string
  verdict: Verdict
}

export function verdictsOf(subject: Subject, observation: Observation): Place[] {
  return subject.invariants.flatMap((invariant) =>
    (invariant.scope === 'node' ? Object.keys(observation.nodes) : [wholeCluster]).map((node) => ({
      invariant: invariant.name,
      node,
      verdict: invariant.check(observation, node),
    })),
  )
}

async function timed(connection: Connection<Observation>): Promise<Observation> {
  const from = systemClock.now()
  const observation = await connection.observe(never)
  const ms = systemClock.now() - from
  assert.ok(ms <= observeMs, `an observation took ${ms} ms; ${observeMs} are allowed`)
  return observation
}

/** Observes until no invariant is violated or unknown. */
export async function untilWell(subject: Subject, connection: Connection<Observation>, withinMs = 20_000) {
  let open: Place[] = []
  const well = async () => {
    open = verdictsOf(subject, await timed(connection)).filter(
      ({ verdict }) => verdict.kind === 'violated' || verdict.kind === 'unknown',
    )
    if (open.length > 0) await systemClock.sleep(500)
    return open.length === 0
  }
  await until('every verdict is ok', well, withinMs).catch((error) => {
    throw new Error(`${error.message}; open: ${JSON.stringify(open)}`)
  })
}

/** The same cluster, with another server at the addresses of the named nodes. */
function impersonated(endpoints: Endpoints, names: string[], { port }: Liar): Endpoints {
  const others = names.map((name): [string, { url: string }] => {
    const url = new URL(endpoints[name]?.url ?? '')
    url.host = `127.0.0.1:${port}`
    return [name, { url: url.toString() }]
  })
  return { ...endpoints, ...Object.fromEntries(others) }
}

/** Optional parts of the suite. */
export interface SubjectExtras {
  /** Peers that speak the subject's own protocol and lie in it; those of `lies` are tried in any case. */
  lies?: Record<string, Lie>
}

/** Tests that every subject's observation and invariants have to pass. */
export function subjectConformance<O extends Observation>(
  watched: Subject<O>,
  begin: () => Promise<Running>,
  extras: SubjectExtras = {},
): void {
  // The subject's invariants get only its own observations, so the cast is safe.
  const subject = watched as unknown as Subject
  test(`subject ${subject.name}: every invariant says what it means and where it comes from`, () => {
    const names = subject.invariants.map(({ name }) => name)
    assert.equal(new Set(names).size, names.length, 'names are unique')
    for (const invariant of subject.invariants) {
      const { name, graceMs, keepFiringMs, inhibitedBy = [], inhibitedAnywhereBy = [] } = invariant
      assert.match(name, /^[a-z]+(_[a-z]+)*$/)
      assert.ok(invariant.description.length > 20, `${name} is described`)
      assert.ok(invariant.source.length > 5, `${name} has a source`)
      assert.ok(graceMs >= 0 && keepFiringMs >= 0)
      for (const cause of [...inhibitedBy, ...inhibitedAnywhereBy])
        assert.ok(names.includes(cause) && cause !== name, `${name} by ${cause}`)
    }
  })

  describe(`subject ${subject.name}: a running cluster`, () => {
    let cluster: Running
    before(async () => {
      cluster = await begin()
    })
    after(() => cluster[Symbol.asyncDispose]())

    test('that is healthy has neither a violated nor an unknown verdict', async () => {
      await using connection = subject.connect(cluster.endpoints)
      await untilWell(subject, connection)
      const { nodes } = await timed(connection)
      assert.deepEqual(Object.keys(nodes), cluster.names)
      assert.ok(Object.values(nodes).every(({ healthy }) => healthy === true))
    })

    test('none of whose nodes answers is unknown in everything', async () => {
      await using silent = await liar(lies['never answers'])
      await using connection = subject.connect(impersonated(cluster.endpoints, cluster.names, silent))
      const observation = await timed(connection)
      for (const { verdict, ...place } of verdictsOf(subject, observation)) {
        const disk = place.invariant.startsWith('disk')
        if (!disk) assert.equal(verdict.kind, 'unknown', JSON.stringify({ place, verdict }))
      }
      assert.ok(Object.values(observation.nodes).every(({ healthy }) => healthy === null))
    })

    for (const [lie, tell] of Object.entries<Lie>({ ...lies, ...extras.lies })) {
      test(`one of whose nodes ${lie} is observed in time, and that node is not well`, async () => {
        await using peer = await liar(tell)
        const [victim = '', ...others] = cluster.names
        await using connection = subject.connect(impersonated(cluster.endpoints, [victim], peer))
        let times = 0
        const seenTwice = async () => {
          const observation = await timed(connection)
          assert.notEqual(observation.nodes[victim]?.healthy, true)
          const ownOk = verdictsOf(subject, observation).filter(
            ({ node, verdict }) => node === victim && verdict.kind === 'ok',
          )
          assert.deepEqual(ownOk, [])
          // On a busy machine another node may be late now and then.
          if (others.every((name) => observation.nodes[name]?.healthy === true)) times++
          return times === 2
        }
        await until('the others are seen to be well, twice', seenTwice, 15_000)
        await until('no connection is left open', () => peer.open() <= 8)
      })
    }

    test('is seen to lose a node and to get it back', async () => {
      await using connection = subject.connect(cluster.endpoints)
      await untilWell(subject, connection)
      const victim = cluster.names[1] ?? ''
      await cluster.kill(victim)
      const observation = await timed(connection)
      assert.equal(observation.nodes[victim]?.healthy, false)
      const violations = verdictsOf(subject, observation).filter(
        ({ node, verdict }) => node === victim && verdict.kind === 'violated',
      )
      // Otherwise everything that is unknown because the node is dead would get a second ticket.
      const explains = (name: string) =>
        subject.invariants.some((invariant) => invariant.name === name && invariant.explainsUnobservable)
      assert.ok(
        violations.some(({ invariant }) => explains(invariant)),
        JSON.stringify(violations),
      )
      await cluster.start(victim)
      await untilWell(subject, connection)
    })

    test('is not observed any more after the caller aborted', async () => {
      await using silent = await liar(lies['never answers'])
      await using connection = subject.connect(impersonated(cluster.endpoints, cluster.names, silent))
      const abort = new AbortController()
      const observing = connection.observe(abort.signal)
      const reason = new Error('enough')
      abort.abort(reason)
      await assert.rejects(observing, reason)
      await assert.rejects(connection.observe(abort.signal), reason)
    })
  })
}
