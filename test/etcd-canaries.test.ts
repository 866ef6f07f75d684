import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { canaries } from '../src/subjects/etcd/canaries.ts'
import { connect } from '../src/subjects/etcd/observe/observe.ts'
import { clientOf } from '../src/subjects/shared/client/client.ts'
import { type LocalEtcd, startEtcd } from './standins/etcd.ts'
import { slowed, until } from './standins/until.ts'

const never = new AbortController().signal
const base64 = (text: string) => Buffer.from(text).toString('base64')
const everything = { key: base64('\0'), range_end: base64('\0') }

interface Kv {
  key: string
  value: string
  version: string
  create_revision: string
  lease?: string
}
/** Somebody who may do anything to the store, and who can list all of it. */
interface Hand {
  ask(path: string, body: object): Promise<Record<string, unknown>>
  keys(): Promise<Kv[]>
}

/** [what is done, how, what is missed; empty: nothing] */
const actions: [string, (hand: Hand) => Promise<unknown>, RegExp[]][] = [
  ['nothing', async () => undefined, []],
  [
    'keys of others are written',
    (hand) => hand.ask('/v3/kv/put', { key: base64('mine'), value: base64('x') }),
    [],
  ],
  [
    'the history is compacted and the space given back',
    async ({ ask, keys }) => {
      const [kv] = await keys()
      const { header } = (await ask('/v3/kv/range', { key: kv?.key })) as { header: { revision: string } }
      await ask('/v3/kv/compaction', { revision: header.revision, physical: true })
      await ask('/v3/maintenance/defragment', {})
    },
    [],
  ],
  [
    'every key is written again with its value',
    async ({ ask, keys }) => {
      for (const { key, value, lease = '0' } of await keys()) await ask('/v3/kv/put', { key, value, lease })
    },
    [/^key .* changed at/],
  ],
  [
    'all is deleted and replayed, as often as it was written, with the revision padded',
    async ({ ask, keys }) => {
      const all = await keys()
      await ask('/v3/kv/deleterange', everything)
      for (const { key, value, lease = '0', version } of all)
        for (let i = 0; i < Number(version); i++) await ask('/v3/kv/put', { key, value, lease })
    },
    [/^key .* made at/],
  ],
  [
    'the largest key is deleted to make room',
    async ({ ask, keys }) => {
      const [largest] = (await keys()).toSorted((a, b) => b.value.length - a.value.length)
      await ask('/v3/kv/deleterange', { key: largest?.key })
    },
    [/^key .* is gone$/],
  ],
  [
    'a key is taken off its lease',
    async ({ ask, keys }) => {
      const leased = (await keys()).find(({ lease }) => lease && lease !== '0')
      await ask('/v3/kv/put', { key: leased?.key, value: leased?.value })
    },
    [/^key .* lease/, /^lease .* of 0 keys/],
  ],
  [
    'the lease is revoked',
    async ({ ask, keys }) => {
      const leased = (await keys()).find(({ lease }) => lease && lease !== '0')
      await ask('/v3/lease/revoke', { ID: leased?.lease })
    },
    [/^key .* is gone$/, /^lease .* is gone$/],
  ],
  [
    'a user and a role are deleted',
    async ({ ask }) => {
      const { users } = (await ask('/v3/auth/user/list', {})) as { users: string[] }
      const { roles } = (await ask('/v3/auth/role/list', {})) as { roles: string[] }
      for (const name of users) await ask('/v3/auth/user/delete', { name })
      for (const role of roles) await ask('/v3/auth/role/delete', { role })
    },
    [/^user .* is gone$/, /^role .* is gone$/],
  ],
  [
    'a role loses its permission',
    async ({ ask }) => {
      const { roles } = (await ask('/v3/auth/role/list', {})) as { roles: string[] }
      for (const role of roles) {
        const { perm = [] } = (await ask('/v3/auth/role/get', { role })) as {
          perm?: { key: string; range_end: string }[]
        }
        for (const { key, range_end } of perm) await ask('/v3/auth/role/revoke', { role, key, range_end })
      }
    },
    [/^role .* may nothing$/],
  ],
]

describe('data that is planted in etcd', () => {
  let cluster: LocalEtcd
  before(async () => {
    cluster = await startEtcd(1)
    await using connection = connect(cluster.endpoints)
    const serves = async () =>
      Object.values((await connection.observe(never)).nodes).every(({ healthy }) => healthy)
    await until('it serves', serves, 20_000)
  })
  after(() => cluster[Symbol.asyncDispose]())

  const hand = (): Hand => {
    const client = clientOf(cluster.endpoints['etcd-1']?.url ?? '')
    const ask = async (path: string, body: object) => {
      const reply = await client.ask({
        method: 'POST',
        path,
        body,
        signal: AbortSignal.timeout(slowed(5_000)),
        maxBytes: 8e6,
      })
      assert.equal(reply.kind === 'answered' && reply.status, 200, JSON.stringify(reply))
      return JSON.parse(reply.kind === 'answered' ? reply.body : '{}') as Record<string, unknown>
    }
    const keys = async () => ((await ask('/v3/kv/range', everything)).kvs ?? []) as Kv[]
    return { ask, keys }
  }

  for (const [what, action, missed] of actions)
    test(`${what}: ${missed.length === 0 ? 'nothing is missed' : 'it is seen'}`, async () => {
      const it = hand()
      if ((await it.keys()).length > 0) await it.ask('/v3/kv/deleterange', everything)
      await using planted = canaries(cluster.endpoints)
      await planted.plant(never)
      await action(it)
      const { lost, unreadable } = await planted.check(never)
      assert.equal(unreadable, 0)
      if (missed.length === 0) assert.deepEqual(lost, [])
      for (const pattern of missed)
        assert.ok(
          lost.some((text) => pattern.test(text)),
          JSON.stringify(lost),
        )
    })

  test('who lists all of it finds nothing that tells whose it is, and nobody has to log in', async () => {
    await using planted = canaries(cluster.endpoints)
    await planted.plant(never)
    const all = (await hand().keys()).map(({ key, value }) =>
      [key, value].map((coded) => Buffer.from(coded, 'base64').toString()).join(' '),
    )
    assert.doesNotMatch(all.join('\n'), /operator|canar|oracle|witness|planted|trial|chaos|eval/i)
  })

  test('from members that are down nothing can be said of it', async () => {
    await using planted = canaries(cluster.endpoints, { checkMs: 1_000 })
    await planted.plant(never)
    cluster.pause('etcd-1')
    const { lost, unreadable } = await planted.check(never)
    cluster.resume('etcd-1')
    assert.deepEqual(lost, [])
    // The signal may take a moment, in which it still answers.
    assert.ok(unreadable > 0)
  })
})
