import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { systemClock } from '../../../src/core/clock.ts'
import { rngFrom } from '../../../src/core/rng.ts'
import { getMembers, getRegion, getStore, healthCheck } from '../../../src/subjects/tikv/wire/messages.ts'
import { type Flags, hostPort, need } from './flags.ts'
import { log } from './log.ts'
import { type Answer, leaderApi } from './pd-api.ts'
import { clusterMetrics, noClusterMetrics, ownMetrics, written } from './pd-metrics.ts'
import {
  applyTo,
  type Change,
  type Heard,
  idOf,
  maxReplicas,
  nothingAgreed,
  persistMs,
  regionsOn,
} from './pd-state.ts'
import { type Message, type Reply, raftOf } from './raft.ts'
import { grpcServer, on, portOf, Refusal, talker, talkServer } from './serve.ts'

const unavailable = 14
const timing = { heartbeatMs: 150, electionMs: 1_500 }
/** So long a request waits for a leader that nobody knows. */
const backoffMs = 3_000
const collectMs = 10_000
const roundTripMs = 30_000

/** Stands in for pd-server: its flags, its HTTP API, the part of its gRPC that clients use. */
export async function pdServer(flags: Flags): Promise<void> {
  const self = need(flags, 'name')
  const dataDir = need(flags, 'data-dir')
  const config = flags.get('config')
  if (config !== undefined && !existsSync(config))
    throw new Error(`open ${config}: no such file or directory`)
  const members = need(flags, 'initial-cluster')
    .split(',')
    .map((pair) => ({ name: pair.split('=')[0] ?? '', peer: hostPort(pair.split('=')[1] ?? '') }))
  const clientUrlOf = new Map([[self, need(flags, 'advertise-client-urls')]])
  const startedAt = systemClock.now()
  const clusterId = idOf(need(flags, 'initial-cluster'))
  const agreed = nothingAgreed()
  let heard: Heard = { stores: new Map(), regions: new Map() }
  let leaderChanges = 0
  let collected = { at: 0, lines: noClusterMetrics() }
  const leaseMs = leaseIn(config) * 1_000
  /** Whoever led last, and until when its lease keeps others from leading. */
  let lease = { name: '', until: 0 }
  mkdirSync(dataDir, { recursive: true })
  writeFileSync(join(dataDir, 'NAME'), self)
  // Where the etcd in the real one has its database.
  mkdirSync(join(dataDir, 'member/snap'), { recursive: true })
  writeFileSync(join(dataDir, 'member/snap/db'), self)

  const talk = talker()
  const send = async (to: string, message: Message): Promise<Reply | null> => {
    const address = members.find(({ name }) => name === to)?.peer ?? ''
    const told = { message, from: self, clientUrl: clientUrlOf.get(self) }
    const answer = await talk(address, '/own/raft', told, timing.electionMs)
    if (!answer) return null
    const { reply, clientUrl } = answer
    clientUrlOf.set(to, clientUrl)
    return reply
  }
  const raft = raftOf({
    self,
    members: members.map(({ name }) => name),
    folder: join(dataDir, 'member'),
    timing,
    send,
    rng: rngFrom(Number(BigInt(idOf(`${self} ${startedAt}`)) & 0xffffffffn)),
    apply: (change) => applyTo(agreed, change as Change),
    changed: (role) => {
      if (role === 'leader') heard = { stores: new Map(), regions: new Map() }
      leaderChanges++
      const id = BigInt(idOf(`${self} ${clusterId}`)).toString(16)
      const what = role === 'candidate' ? 'is starting a new election at term 2' : `became ${role} at term 3`
      log('INFO', 'zap_raft.go:77', `${id} ${what}`, {}, 'raft')
      log(
        'INFO',
        'server.go:1785',
        role === 'leader' ? 'PD leader is ready to serve' : 'PD role is changed',
        {
          'leader-name': raft.leader,
          role,
        },
      )
    },
  })

  const memberOf = ({ name, peer }: { name: string; peer: string }) => ({
    name,
    member_id: idOf(`${name} ${clusterId}`),
    peer_urls: [`http://${peer}`],
    client_urls: clientUrlOf.has(name) ? [clientUrlOf.get(name) ?? ''] : [],
  })
  /** The leader of Raft leads PD once nobody else holds the lease. */
  const leads = () => {
    if (raft.role !== 'leader' || !raft.mayRead()) return false
    if (lease.name !== self && systemClock.now() < lease.until) return false
    lease = { name: self, until: systemClock.now() + leaseMs }
    return true
  }
  setInterval(() => {
    if (
      raft.leader !== null &&
      raft.leader !== self &&
      (lease.name === raft.leader || systemClock.now() >= lease.until)
    )
      lease = { name: raft.leader, until: systemClock.now() + leaseMs }
    else leads()
  }, timing.heartbeatMs).unref()
  /** Whoever holds the lease is taken for the leader, also when it is gone. */
  const leaderNow = (): string | null => {
    if (leads()) return self
    return lease.name !== '' && lease.name !== self && systemClock.now() < lease.until ? lease.name : null
  }
  const leaderMember = () => members.find(({ name }) => name === leaderNow())
  const requireLeader = () => {
    if (!leads()) throw new Refusal(unavailable, 'not leader')
  }
  const ownHeader = { clusterId }

  const grpc = grpcServer([
    on(healthCheck, () => ({ status: 1 })),
    on(getMembers, () => {
      const of = (member: (typeof members)[number]) => {
        const { name, member_id, peer_urls, client_urls } = memberOf(member)
        return { name, memberId: member_id, peerUrls: peer_urls, clientUrls: client_urls }
      }
      const leader = leaderMember()
      return {
        header: { ...ownHeader, error: null },
        members: members.map(of),
        leader: leader ? of(leader) : null,
      }
    }),
    on(getRegion, ({ header, regionKey }) => {
      requireLeader()
      if (header?.clusterId !== clusterId) throw new Refusal(9, 'mismatch cluster id')
      const text = Buffer.from(regionKey).toString()
      const region = agreed.regions.find(
        ({ startKey, endKey }) => text >= startKey && (endKey === '' || text < endKey),
      )
      if (!region) return { header: { ...ownHeader, error: null } }
      const { peers } = region
      const leading = heard.regions.get(region.id)?.storeId
      return {
        header: { ...ownHeader, error: null },
        region: {
          id: region.id,
          startKey: Buffer.from(region.startKey),
          endKey: Buffer.from(region.endKey),
          regionEpoch: { confVer: '5', version: '1' },
          peers,
        },
        leader: peers.find(({ storeId }) => storeId === leading) ?? null,
      }
    }),
    on(getStore, ({ storeId }) => {
      requireLeader()
      const store = agreed.stores.get(storeId)
      if (!store) throw new Refusal(2, `invalid store ID ${storeId}, not found`)
      return { header: { ...ownHeader, error: null }, store: { id: storeId, address: store.address } }
    }),
  ])
  const peers = talkServer({
    '/own/raft': (told) => {
      const { message, from, clientUrl } = JSON.parse(told)
      clientUrlOf.set(from, clientUrl)
      return { reply: raft.receive(message), clientUrl: clientUrlOf.get(self) }
    },
    '/own/released': (told) => {
      const { from } = JSON.parse(told)
      if (lease.name === from) lease = { name: '', until: 0 }
      return {}
    },
  })
  /** What a store tells: who it is, how it is, and of which regions it leads. */
  const beat = async (told: string) => {
    requireLeader()
    const { store, beat, regions } = JSON.parse(told)
    const known = agreed.stores.get(store.id)
    if (JSON.stringify(known) !== JSON.stringify(store)) await raft.propose({ kind: 'store', store })
    if (agreed.regions.length === 0 && agreed.stores.size >= maxReplicas)
      await raft.propose({ kind: 'bootstrap', regions: regionsOn([...agreed.stores.keys()].sort()) })
    const at = systemClock.now()
    // Of a store that has just found this leader there are only regions.
    if (beat) {
      heard.stores.set(store.id, { ...beat, at })
      if (at - (agreed.heardAt.get(store.id) ?? 0) >= persistMs)
        await raft.propose({ kind: 'heard', id: store.id, at })
    }
    for (const { id, ...region } of regions) {
      if ((heard.regions.get(id)?.term ?? 0) <= region.term) heard.regions.set(id, { ...region, at })
    }
    const own = agreed.regions.filter(({ peers }) => peers.some(({ storeId }) => storeId === store.id))
    return { regions: own, stores: [...agreed.stores.values()] }
  }
  const leader = () => ({ clientUrl: clientUrlOf.get(leaderNow() ?? '') ?? null })

  const membersJson = () => ({
    header: { cluster_id: clusterId },
    members: members.map(memberOf),
    leader: memberOf(leaderMember() ?? { name: '', peer: '' }),
    etcd_leader: memberOf(leaderMember() ?? { name: '', peer: '' }),
  })

  const api = async (path: string, redirected: boolean): Promise<Answer & { type?: string }> => {
    switch (path.split('?')[0]) {
      case '/pd/api/v1/ping':
        return { status: 200, body: '' }
      case '/pd/api/v1/version':
        return { status: 200, body: '{"version":"v8.5.0"}' }
      case '/pd/api/v1/status':
        return {
          status: 200,
          body: JSON.stringify({
            version: 'v8.5.0',
            git_hash: '',
            start_timestamp: Math.floor(startedAt / 1000),
          }),
        }
      case '/pd/api/v1/health':
        return { status: 200, body: numbers(JSON.stringify(await healths())) }
      case '/metrics': {
        const at = systemClock.now()
        if (leads() && at - collected.at >= collectMs)
          collected = { at, lines: clusterMetrics({ agreed, heard }) }
        const roundTrips = Math.floor((at - startedAt) / roundTripMs)
        const ids = members.map(({ name }) => ({ name, id: idOf(`${name} ${clusterId}`) }))
        const view = { raft, self, members: ids, startedAt, leaderChanges, agreed, heard, roundTrips }
        return { status: 200, body: written([...ownMetrics(view), ...collected.lines]), type: 'text/plain' }
      }
    }
    if (leads()) {
      const answer = leaderApi({ agreed, heard, members: membersJson() }, path)
      return { ...answer, body: numbers(answer.body) }
    }
    // Two that take each other for the leader must not send a request to and fro.
    if (redirected)
      return { status: 500, body: '[PD:apiutil:ErrRedirectToNotLeader]redirect to not leader\n' }
    const leader = await leaderWithin(backoffMs)
    if (!leader) return { status: 503, body: '[PD:apiutil:ErrRedirectNoLeader]redirect finds no leader\n' }
    if (leader === self) return api(path, redirected)
    try {
      const response = await fetch(new URL(path, clientUrlOf.get(leader)), {
        headers: { 'PD-Redirector': self },
        signal: AbortSignal.timeout(3_000),
      })
      return { status: response.status, body: await response.text() }
    } catch {
      return { status: 500, body: '[PD:apiutil:ErrRedirect]redirect failed\n' }
    }
  }

  const leaderWithin = async (ms: number): Promise<string | null> => {
    const end = systemClock.now() + ms
    for (;;) {
      const leader = leaderNow()
      if (leader !== null) return leader
      if (systemClock.now() >= end) return null
      await systemClock.sleep(100)
    }
  }

  const healths = () =>
    Promise.all(
      members.map(async (member) => {
        const of = memberOf(member)
        const url = of.client_urls[0]
        const health =
          member.name === self ||
          (url !== undefined &&
            (await fetch(new URL('/pd/api/v1/ping', url), { signal: AbortSignal.timeout(500) }).then(
              ({ ok }) => ok,
              () => false,
            )))
        return { name: of.name, member_id: of.member_id, client_urls: of.client_urls, health }
      }),
    )

  const web = talkServer({ '/own/beat': beat, '/own/leader': leader }, async (request, response) => {
    if (request.method === 'POST' && request.url === '/pd/api/v1/config' && leads()) {
      const told: { 'halt-scheduling'?: string } = JSON.parse(await text(request))
      await raft.propose({ kind: 'halt', halted: told['halt-scheduling'] === 'true' })
      return response.end('"The config is updated."\n')
    }
    request.resume()
    const {
      status,
      body,
      type = 'application/json',
    } = await api(request.url ?? '', request.headers['pd-redirector'] !== undefined)
    response.writeHead(status, { 'content-type': type }).end(body)
  })
  await portOf(hostPort(need(flags, 'peer-urls')), { http: peers }).open()
  await portOf(hostPort(need(flags, 'client-urls')), { grpc, http: web }).open()
  log('INFO', 'server.go:472', 'PD is started', { name: self })
  // It gives its lease back, so that nobody has to wait for its end.
  process.on('SIGTERM', async () => {
    const others = members.filter(({ name }) => name !== self)
    await Promise.all(others.map(({ peer }) => talk(peer, '/own/released', { from: self }, 300)))
    process.exit(0)
  })
}

/** Seconds. */
function leaseIn(config: string | undefined): number {
  const said = config === undefined ? null : /^lease *= *(\d+)/m.exec(readFileSync(config, 'utf8'))
  return Number(said?.[1] ?? 5)
}

/** PD writes 64-bit ids as numbers, with all their digits. */
const numbers = (json: string): string => json.replace(/"(member_id|cluster_id)": ?"(\d+)"/g, '"$1": $2')
