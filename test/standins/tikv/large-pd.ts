// One PD, leader of a cluster of STORES stores and REGIONS regions, of which TROUBLED lack a replica; prints its URL.
//   node large-pd.ts STORES REGIONS [TROUBLED]
import { once } from 'node:events'
import http from 'node:http'
import { systemClock } from '../../../src/core/clock.ts'
import { leaderApi } from './pd-api.ts'
import { clusterMetrics, ownMetrics, written } from './pd-metrics.ts'
import { type Agreed, type Heard, nothingAgreed } from './pd-state.ts'

const [stores = 0, regions = 0, troubled = 0] = process.argv.slice(2).map(Number)
const at = systemClock.now()
const ids = Array.from({ length: stores }, (_, i) => String(i + 1))
const agreed: Agreed = {
  ...nothingAgreed(),
  stores: new Map(
    ids.map((id) => [
      id,
      {
        id,
        address: `tikv-${id}:20160`,
        statusAddress: `tikv-${id}:20180`,
        version: '8.5.0',
        startedAtSeconds: at / 1000,
      },
    ]),
  ),
  regions: Array.from({ length: regions }, (_, i) => ({
    id: String(i + 1),
    startKey: String(i),
    endKey: String(i + 1),
    peers: (i < troubled ? [0, 1] : [0, 1, 2]).map((j) => ({
      id: String(3 * i + j + 1),
      storeId: ids[(i + j) % stores] ?? '',
    })),
  })),
}
const heard: Heard = {
  stores: new Map(
    ids.map((id) => [
      id,
      {
        at,
        capacityBytes: 2 ** 41,
        availableBytes: 2 ** 40,
        usedBytes: 2 ** 40,
        leaders: 100,
        peers: 300,
        busy: false,
      },
    ]),
  ),
  regions: new Map(
    agreed.regions.map(({ id, peers }) => [
      id,
      { at, storeId: peers[0]?.storeId ?? '', term: 6, pending: [], down: [], sizeMiB: 96 },
    ]),
  ),
}
const member = { name: 'pd-1', member_id: 1, client_urls: ['http://pd-1:2379'] }
const members = { members: [member], leader: member, etcd_leader: member }
const raft = { role: 'leader', leader: 'pd-1' } as const

function answer(path: string): { status: number; body: string } {
  switch (path) {
    case '/pd/api/v1/status':
      return { status: 200, body: '{"version":"v8.5.0","start_timestamp":1}' }
    case '/pd/api/v1/health':
      return { status: 200, body: JSON.stringify([{ ...member, health: true }]) }
    case '/metrics': {
      const self = { raft, self: 'pd-1', members: [], startedAt: at, leaderChanges: 1, roundTrips: 0 }
      return {
        status: 200,
        body: written([...ownMetrics({ ...self, agreed, heard }), ...clusterMetrics({ agreed, heard })]),
      }
    }
    default:
      return leaderApi({ agreed, heard, members }, path)
  }
}

/** Nothing changes here. What a PD has to do for an answer is not measured, but for lists of regions: those it makes anew. */
const answers = new Map<string, ReturnType<typeof answer>>()
const server = http.createServer((request, response) => {
  const path = request.url ?? ''
  const { status, body } = answers.get(path) ?? answer(path)
  if (!path.includes('/regions/check/')) answers.set(path, { status, body })
  response.writeHead(status).end(body)
})
server.listen(0, '127.0.0.1')
await once(server, 'listening')
process.stdout.write(`http://127.0.0.1:${(server.address() as { port: number }).port}\n`)
