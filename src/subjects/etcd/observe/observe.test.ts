import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { test } from 'node:test'
import { type Clock, systemClock } from '../../../core/clock.ts'
import type { NodeEndpoint } from '../../../core/watch/topology.ts'
import { connect } from './observe.ts'

const never = new AbortController().signal

/** A member in small: it answers `/health`, with a clock of its own. */
async function observing(dateOffsetMs: number, endpoint: Partial<NodeEndpoint> = {}) {
  const server = createServer((_, response) => {
    response.setHeader('date', new Date(systemClock.now() + dateOffsetMs).toUTCString())
    response.end('{"health":"true"}')
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  await using connection = connect({ 'etcd-1': { url: `http://127.0.0.1:${port}`, ...endpoint } })
  const { nodes } = await connection.observe(never)
  server.closeAllConnections()
  server.close()
  const node = nodes['etcd-1']
  assert.ok(node)
  return node
}

test('a clock that is right to the second proves nothing wrong', async () => {
  assert.equal((await observing(0)).clockOffsetMs, 0)
  assert.ok(Math.abs((await observing(900)).clockOffsetMs ?? 9999) < 1000)
})

test('a clock that is off is off by what is proven', async () => {
  const ahead = (await observing(10_000)).clockOffsetMs ?? 0
  const behind = (await observing(-10_000)).clockOffsetMs ?? 0
  assert.ok(ahead > 8500 && ahead <= 10_000, `${ahead}`)
  assert.ok(behind < -8500 && behind >= -10_000, `${behind}`)
})

test('a disk is read where a path is given, and nowhere else', async () => {
  const { disk } = await observing(0, { dataPath: import.meta.dirname })
  assert.ok((disk?.totalBytes ?? 0) >= (disk?.availableBytes ?? 0) && (disk?.totalBytes ?? 0) > 0)
  assert.equal((await observing(0, { dataPath: '/no/such/place' })).disk, null)
  assert.equal('disk' in (await observing(0)), false)
})

test('one understood answer is enough to be up; the rest is not known', async () => {
  const node = await observing(0)
  assert.deepEqual([node.reach, node.healthy, node.status, node.hasLeader], ['answered', true, null, null])
})

const status =
  '{"header":{"cluster_id":"9","member_id":"7","revision":"5","raft_term":"2"},"version":"3.4.23","dbSize":"20480","leader":"7"}'

/** A member whose `/health` needs as long as an election; everything else it says at once. */
async function member(healthMs: () => number) {
  const server = createServer(async (request, response) => {
    if (request.url === '/health') await systemClock.sleep(healthMs())
    response.end(request.url === '/health' ? '{"health":"true"}' : status)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  const end = () => {
    server.close()
    server.closeAllConnections()
  }
  return { url: `http://127.0.0.1:${port}`, end }
}

test('what needs a leader is not waited for when a member has just gone, and is when that is known', async () => {
  let electionMs = 0
  const [leader, follower] = [await member(() => 0), await member(() => electionMs)]
  try {
    await using connection = connect({ 'etcd-1': { url: leader.url }, 'etcd-2': { url: follower.url } })
    const serving = async () => {
      const { nodes } = await connection.observe(never)
      return [nodes['etcd-1']?.reach, nodes['etcd-2']?.reach, nodes['etcd-2']?.serving]
    }
    assert.deepEqual(await serving(), ['answered', 'answered', true])
    electionMs = 600
    assert.deepEqual(await serving(), ['answered', 'answered', true], 'slow, and nobody is gone')
    leader.end()
    assert.deepEqual(await serving(), ['refused', 'answered', null], 'not waited for')
    assert.deepEqual(await serving(), ['refused', 'answered', true], 'it is known')
  } finally {
    leader.end()
    follower.end()
  }
})

test('metrics are read again once they are old, and at once while anything is not as it was', async () => {
  const now = { term: 2, health: 'true', peers: 1, ageMs: 0 }
  let pages = 0
  const said = (url: string) => {
    if (url === '/health') return `{"health":"${now.health}"}`
    if (url !== '/metrics') return status.replace('"raft_term":"2"', `"raft_term":"${now.term}"`)
    pages++
    return `etcd_server_has_leader 1\netcd_network_active_peers{Local="7",Remote="8"} ${now.peers}\n`
  }
  const server = createServer((request, response) => response.end(said(request.url ?? ''))).listen(
    0,
    '127.0.0.1',
  )
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  const clock = { ...systemClock, now: () => systemClock.now() + now.ageMs }
  await using connection = connect(
    { 'etcd-1': { url: `http://127.0.0.1:${port}` } },
    { clock, metricsEveryMs: 60_000 },
  )
  const observe = async () => {
    const { nodes } = await connection.observe(never)
    return [pages, nodes['etcd-1']?.activePeers?.['8']]
  }
  try {
    assert.deepEqual([await observe(), await observe()].at(-1), [2, true], 'at first')
    assert.deepEqual([await observe(), await observe()].at(-1), [2, true], 'nothing changes')
    now.peers = 0
    assert.deepEqual(await observe(), [2, true], 'not seen yet')
    now.ageMs += 60_000
    assert.deepEqual([await observe(), await observe()].at(-1), [4, false], 'old, and then not well')
    now.peers = 1
    assert.deepEqual(await observe(), [5, true], 'still watched')
    assert.deepEqual(await observe(), [6, true], 'well at one look only')
    assert.deepEqual(await observe(), [6, true], 'well at two')
    now.term = 3
    assert.deepEqual([await observe(), await observe()].at(-1), [7, true], 'another election')
    assert.deepEqual(await observe(), [7, true], 'which is over')
    now.health = 'false'
    assert.deepEqual([await observe(), await observe()].at(-1), [8, true], 'it does not serve')
  } finally {
    server.close()
    server.closeAllConnections()
  }
})

test("a page of somebody else's comes at once, and tells nothing of how long a member takes", async () => {
  let jumpedMs = 0
  const clock: Clock = { ...systemClock, now: () => systemClock.now() + jumpedMs }
  let isOther = false
  const server = createServer((request, response) => {
    if (isOther) return void response.end('<html>maintenance</html>')
    if (request.url === '/health') jumpedMs += 400
    response.end(request.url === '/health' ? '{"health":"true"}' : status)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  try {
    await using connection = connect({ 'etcd-1': { url: `http://127.0.0.1:${port}` } }, { clock })
    const observe = async () => (await connection.observe(never)).nodes['etcd-1']?.consensusMs ?? []
    for (let i = 0; i < 10; i++) await observe()
    isOther = true
    let times: number[] = []
    for (let i = 0; i < 10; i++) times = await observe()
    assert.ok(times.length > 0 && times.every((ms) => ms >= 400), times.join(' '))
  } finally {
    server.close()
    server.closeAllConnections()
  }
})
