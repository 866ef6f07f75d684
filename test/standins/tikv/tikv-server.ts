import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import http from 'node:http'
import { join } from 'node:path'
import { systemClock } from '../../../src/core/clock.ts'
import { rngFrom } from '../../../src/core/rng.ts'
import { healthCheck, rawGet, rawPut } from '../../../src/subjects/tikv/wire/messages.ts'
import { type Flags, hostPort, need } from './flags.ts'
import { log } from './log.ts'
import { idOf, type RegionMeta, type StoreMeta } from './pd-state.ts'
import { type Message, type Raft, type Reply, raftOf } from './raft.ts'
import { grpcServer, on, portOf, talker, talkServer } from './serve.ts'
import { registry, sizesOf } from './tikv-metrics.ts'

const timing = { heartbeatMs: 200, electionMs: 1_200 }
const pollPdMs = 500
const beatMs = 10_000
const now = () => systemClock.now()

interface Group {
  meta: RegionMeta
  raft: Raft
  data: Map<string, string>
}

/** Stands in for tikv-server: its flags, its status port, raw KV over gRPC, replicated over a majority. */
export async function tikvServer(flags: Flags): Promise<void> {
  const dataDir = need(flags, 'data-dir')
  const address = flags.get('advertise-addr') ?? need(flags, 'addr')
  const config = flags.get('config')
  if (config !== undefined && !existsSync(config)) throw new Error(`invalid configuration file ${config}`)
  // As RocksDB, whose files begin here.
  mkdirSync(join(dataDir, 'db'), { recursive: true })
  writeFileSync(join(dataDir, 'db/CURRENT'), 'MANIFEST-000001\n')
  const startedAt = now()
  const storeId = String(1 + Number(BigInt(idOf(address)) % 1_000_000n))
  const store: StoreMeta = {
    id: storeId,
    address,
    statusAddress: flags.get('advertise-status-addr') ?? need(flags, 'status-addr'),
    version: '8.5.0',
    startedAtSeconds: Math.floor(startedAt / 1000),
  }
  const metrics = registry()
  const groups = new Map<string, Group>()
  const assigned = join(dataDir, 'REGIONS')
  let stores: StoreMeta[] = [store]
  let paused = false

  const talk = talker()
  const send =
    (regionId: string) =>
    async (to: string, message: Message): Promise<Reply | null> => {
      const there = stores.find(({ id }) => id === to)
      if (!there) return null
      const answer = await talk(there.address, '/own/raft', { regionId, message }, timing.electionMs)
      if (answer && !paused) return answer
      // What the other says does not come in while our own port is closed.
      metrics.count(`tikv_server_report_failure_msg_total{store_id="${to}",type="unreachable"}`)
      return null
    }

  const serve = (meta: RegionMeta) => {
    if (groups.has(meta.id)) return
    const data = new Map<string, string>()
    const raft = raftOf({
      self: storeId,
      members: meta.peers.map((peer) => peer.storeId),
      timing,
      send: send(meta.id),
      folder: join(dataDir, 'raft', meta.id),
      rng: rngFrom(Number(BigInt(idOf(`${storeId} ${meta.id} ${startedAt}`)) & 0xffffffffn)),
      first: meta.peers[0]?.storeId === storeId,
      apply: (entry) => {
        const [key = '', value = ''] = entry as string[]
        data.set(key, value)
      },
      changed: (role) => {
        const of = { term: groups.get(meta.id)?.raft.term ?? 0, raft_id: meta.id, region_id: meta.id }
        if (role === 'candidate') log('INFO', 'raft.rs:1550', 'starting a new election', of)
        log('INFO', 'raft.rs:1170', `became ${role} at term ${of.term}`, of)
        if (role === 'leader') void beat('regions')
      },
    })
    groups.set(meta.id, { meta, raft, data })
  }

  let pdLeader: string | null = null
  let beatAt = 0
  const endpoints = need(flags, 'pd-endpoints').split(',').map(hostPort)

  async function findPd(): Promise<void> {
    for (const endpoint of pdLeader ? [pdLeader, ...endpoints] : endpoints) {
      const url: string | null = (await talk(endpoint, '/own/leader', {}, 1_000))?.clientUrl ?? null
      if (!url) continue
      if (hostPort(url) !== pdLeader) {
        pdLeader = hostPort(url)
        // A new leader is told about the regions at once, and about the store when its heartbeat is due.
        if (beatAt > 0) await beat('regions')
      }
      return
    }
    log('WARN', 'util.rs:590', 'failed to connect to PD', { endpoints })
  }

  async function beat(what: 'all' | 'regions' = 'all'): Promise<void> {
    if (!pdLeader) return
    const led = [...groups.values()].filter(({ raft }) => raft.role === 'leader')
    const sizes = sizesOf(dataDir)
    const status = { ...sizes, leaders: led.length, peers: groups.size, busy: false }
    const regions = led.map(({ meta, raft }) => {
      const others = meta.peers.map((peer) => peer.storeId).filter((id) => id !== storeId)
      const silent = others.map((id) => ({
        storeId: id,
        seconds: Math.floor((now() - raft.heardFrom(id)) / 1000),
      }))
      return {
        id: meta.id,
        storeId,
        term: raft.term,
        // TiKV's max-peer-down-duration.
        down: silent.filter(({ seconds }) => seconds > 600),
        pending: others.filter((id) => raft.committed - raft.matchOf(id) > 1_000),
        sizeMiB: 1,
      }
    })
    const told: { regions: RegionMeta[]; stores: StoreMeta[] } | null = await talk(
      pdLeader,
      '/own/beat',
      { store, beat: what === 'all' ? status : null, regions },
      3_000,
    )
    if (!told) {
      pdLeader = null
      return
    }
    if (what === 'all') beatAt = now()
    stores = told.stores
    writeFileSync(assigned, JSON.stringify(told))
    for (const region of told.regions) serve(region)
  }

  const groupFor = (regionId: string | undefined, key: Uint8Array): Group | { message: string } => {
    const group = groups.get(regionId ?? '')
    if (!group) return { message: `region ${regionId} is missing` }
    const { startKey, endKey } = group.meta
    const text = Buffer.from(key).toString()
    return text >= startKey && (endKey === '' || text < endKey) ? group : { message: 'key not in region' }
  }

  const notLeader = ({ meta, raft }: Group) => {
    const leader = meta.peers.find((peer) => peer.storeId === raft.leader)
    const why = { regionId: meta.id, leader: leader ?? null }
    return { regionError: { message: `peer is not leader for region ${meta.id}`, notLeader: why } }
  }
  const failed = (message: string) => ({ regionError: { message, notLeader: null } })

  const timed = async <T>(type: string, work: () => Promise<T>): Promise<T> => {
    const from = performance.now()
    try {
      return await work()
    } finally {
      const seconds = (performance.now() - from) / 1000
      metrics.observe('tikv_grpc_msg_duration_seconds', `type="${type}",`, seconds)
      metrics.count(`tikv_storage_command_total{type="${type}"}`)
      // As TiKV's slow log has it: no word for slow, only how long it took.
      if (seconds > 1)
        log('WARN', 'mod.rs:210', `[store ${storeId}] handle ${type}`, { takes: Math.round(seconds * 1_000) })
    }
  }

  const grpc = grpcServer([
    on(healthCheck, () => ({ status: 1 })),
    on(rawPut, ({ context, key, value }) =>
      timed('raw_put', async () => {
        const group = groupFor(context?.regionId, key)
        if ('message' in group) return failed(group.message)
        if (group.raft.role !== 'leader') return notLeader(group)
        try {
          const from = performance.now()
          await group.raft.propose([Buffer.from(key).toString(), Buffer.from(value).toString('latin1')])
          const seconds = (performance.now() - from) / 1000
          metrics.observe('tikv_storage_engine_async_request_duration_seconds', 'type="write",', seconds)
          metrics.observe('tikv_raftstore_append_log_duration_seconds', '', seconds)
          metrics.observe('tikv_raftstore_apply_log_duration_seconds', '', seconds)
          return {}
        } catch (error) {
          return failed(error instanceof Error ? error.message : String(error))
        }
      }),
    ),
    on(rawGet, ({ context, key }) =>
      timed('raw_get', async () => {
        const group = groupFor(context?.regionId, key)
        if ('message' in group) return failed(group.message)
        if (group.raft.role !== 'leader') return notLeader(group)
        if (!group.raft.mayRead()) return failed('stale command')
        const value = group.data.get(Buffer.from(key).toString())
        return value === undefined ? { notFound: true } : { value: Buffer.from(value, 'latin1') }
      }),
    ),
  ])
  const peers = talkServer({
    '/own/raft': (told) => {
      const { regionId, message } = JSON.parse(told)
      const group = groups.get(regionId)
      if (!group) throw new Error(`region ${regionId} is missing`)
      return group.raft.receive(message)
    },
  })
  const port = portOf(need(flags, 'addr'), { grpc, http: peers })

  const web = http.createServer(async (request, response) => {
    request.resume()
    switch (`${request.method} ${request.url}`) {
      case 'GET /status':
        return response.end()
      case 'GET /metrics': {
        const led = [...groups.values()].filter(({ raft }) => raft.role === 'leader')
        const lags = led.flatMap(({ meta, raft }) =>
          meta.peers
            .filter((peer) => peer.storeId !== storeId)
            .map((peer) => Math.max(0, raft.committed - raft.matchOf(peer.storeId))),
        )
        const gauges = { startedAt, dataDir, regions: groups.size, leaders: led.length, lags }
        return response.writeHead(200, { 'content-type': 'text/plain' }).end(metrics.text(gauges))
      }
      case 'PUT /pause_grpc':
        paused = true
        log('INFO', 'mod.rs:460', 'grpc server has been paused')
        await port.close()
        return response.end('pause_grpc')
      case 'PUT /resume_grpc':
        if (paused) await port.open()
        paused = false
        log('INFO', 'mod.rs:470', 'grpc server has been resumed')
        return response.end('resume_grpc')
      default:
        return response.writeHead(404).end('path not found')
    }
  })

  if (existsSync(assigned)) {
    const told: { regions: RegionMeta[]; stores: StoreMeta[] } = JSON.parse(readFileSync(assigned, 'utf8'))
    stores = told.stores
    for (const region of told.regions) serve(region)
  }
  await port.open()
  await portOf(need(flags, 'status-addr'), { http: web }).open()
  log('INFO', 'server.rs:560', 'TiKV is ready to serve', { store_id: storeId, address })
  process.on('SIGTERM', () => process.exit(0))
  for (;;) {
    await findPd()
    const soon = groups.size === 0 ? pollPdMs : beatMs
    if (now() - beatAt >= soon) await beat()
    await systemClock.sleep(pollPdMs)
  }
}
