import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type Clock, systemClock } from '../src/core/clock.ts'
import { connect } from '../src/subjects/tikv/observe/observe.ts'
import { tikv } from '../src/subjects/tikv/subject.ts'
import { verdictsOf } from '../src/testing/subject.ts'
import { type Page, scripted } from './standins/scripted-http.ts'
import { calmPages } from './standins/tikv/calm.ts'
import { everyStore, goodPd } from './standins/tikv/scripted-pd.ts'
import { scriptedTikv } from './standins/tikv/sick.ts'

const never = new AbortController().signal
/** Shortly before a look gives up on whoever has not answered. */
const everyMs = 800

/** Time passes when it is told to; what people call it is left alone, as the servers tell the true one. */
function fakeClock(): Clock & { pass(ms: number): void } {
  let now = 0
  return {
    ...systemClock,
    monotonic: () => now,
    pass: (ms) => {
      now += ms
    },
  }
}
type Connected = ReturnType<typeof connect>
/** A look that took long on a starved machine has not seen everything: it says nothing, and is made again. */
async function observe(connection: Connected) {
  for (;;) {
    const from = systemClock.monotonic()
    const observation = await connection.observe(never)
    if (systemClock.monotonic() - from < everyMs) return observation
  }
}
const verdicts = async (connection: Connected) =>
  verdictsOf(tikv, await observe(connection)).map(({ invariant, node, verdict }) => ({
    place: `${invariant} ${node}`,
    verdict,
  }))
const kindOf = async (connection: Connected, place: string) =>
  (await verdicts(connection)).find((one) => one.place === place)?.verdict.kind

describe('a cluster that is well', () => {
  test('is quiet for ten minutes in which regions split and PD gets a new leader twice', async () => {
    const clock = fakeClock()
    await using cluster = await scriptedTikv(clock, calmPages, [1, 1, 1])
    await using connection = connect(cluster.endpoints, { clock })
    const since = new Map<string, number>()
    const tickets: string[] = []
    for (let second = 0; second < 600; second += 2) {
      for (const { place, verdict } of await verdicts(connection)) {
        const rule = tikv.invariants.find(({ name }) => name === place.split(' ')[0])
        const bad = verdict.kind === 'violated' ? (rule?.graceMs ?? 0) / 1_000 : 60
        if (verdict.kind === 'ok' || verdict.kind === 'not_applicable') since.delete(place)
        else if (second - (since.get(place) ?? since.set(place, second).get(place) ?? 0) >= bad)
          tickets.push(`${second} s: ${place} ${JSON.stringify(verdict)}`)
      }
      clock.pass(2_000)
    }
    assert.deepEqual(tickets, [])
  })
})

describe('what PD knows of stores is enough', () => {
  const good = (path: string): Page | undefined =>
    goodPd[path] === undefined ? undefined : { body: goodPd[path] }

  test('with PDs alone: a store that is lost is a violation, once its leader is known for long enough', async () => {
    const clock = fakeClock()
    await using pd = await scripted(good)
    await using connection = connect({ 'pd-2': pd }, { clock })
    const lost = 'other_store_disconnected cluster'
    assert.equal(await kindOf(connection, lost), 'unknown')
    clock.pass(16_000)
    assert.equal(await kindOf(connection, lost), 'violated')
    assert.equal(await kindOf(connection, 'other_store_slow cluster'), 'violated')
    assert.equal(await kindOf(connection, 'stores_unwatched cluster'), 'not_applicable')
  })

  test('a store that was removed is said to be that, and not to be down; also when PD has forgotten it', async () => {
    const clock = fakeClock()
    let stores = goodPd[everyStore]
    await using pd = await scripted((path) => (path === everyStore ? { body: stores ?? '' } : good(path)))
    const gone = await scripted(() => undefined)
    await gone[Symbol.asyncDispose]()
    await using connection = connect({ 'pd-2': pd, 'tikv-3': gone }, { clock })
    for (let i = 0; i < 2; i++) {
      assert.equal(await kindOf(connection, 'node_down tikv-3'), 'ok')
      assert.equal(await kindOf(connection, 'store_removed tikv-3'), 'violated')
      stores = '{"count":0,"stores":[]}'
    }
    assert.equal(await kindOf(connection, 'stores_unwatched cluster'), 'ok')
  })

  test('who cannot forward to the leader, and who has none, is without one', async () => {
    for (const [status, body] of [
      [500, '[PD:apiutil:ErrRedirect]redirect failed'],
      [503, '[PD:apiutil:ErrRedirectNoLeader]redirect finds no leader'],
    ] as const) {
      await using pd = await scripted((path) =>
        path === '/pd/api/v1/status' || path === '/metrics' ? good(path) : { status, body },
      )
      await using connection = connect({ 'pd-1': pd })
      const seen = await verdicts(connection)
      const verdict = seen.find(({ place }) => place === 'pd_leaderless cluster')?.verdict
      assert.match(verdict?.kind === 'violated' ? verdict.message : '', /no leader yet/)
      assert.ok(!seen.some((one) => one.place === 'pd_no_quorum cluster' && one.verdict.kind === 'violated'))
    }
  })
})
