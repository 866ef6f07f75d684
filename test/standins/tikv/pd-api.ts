import { iso, systemClock } from '../../../src/core/clock.ts'
import {
  type Agreed,
  type Heard,
  heardAt,
  maxReplicas,
  type RegionBeat,
  type RegionMeta,
  stateOf,
} from './pd-state.ts'

export interface Answer {
  status: number
  body: string
}

/** What the leader of the PDs answers from. */
export interface View {
  agreed: Agreed
  heard: Heard
  members: unknown
}

const prefix = '/pd/api/v1'

/** The part of PD's HTTP API that its leader answers. */
export function leaderApi(view: View, path: string): Answer {
  const url = new URL(path, 'http://pd')
  const place = url.pathname.slice(prefix.length)
  const json = (value: string) => ({ status: 200, body: value })
  switch (place) {
    case '/members':
      return json(pretty(view.members))
    case '/leader':
      return json(pretty((view.members as { leader: unknown }).leader))
    case '/stores':
      return json(storesJson(view))
    case '/stats/region':
      return json(pretty(regionStats(view)))
    case '/operators':
      return json('[]\n')
    case '/schedulers':
      return json(
        url.searchParams.get('status') === 'paused'
          ? '[]\n'
          : pretty(['balance-leader-scheduler', 'balance-region-scheduler']),
      )
    case '/config/schedule':
      return json(
        pretty({
          'leader-schedule-limit': 4,
          'region-schedule-limit': 2048,
          'replica-schedule-limit': 64,
          // A text, and left out while it is false.
          ...(view.agreed.halted && { 'halt-scheduling': 'true' }),
        }),
      )
    case '/config/replicate':
      return json(
        pretty({ 'max-replicas': maxReplicas, 'location-labels': '', 'enable-placement-rules': 'true' }),
      )
  }
  const check = /^\/regions\/check\/([a-z]+-peer)$/.exec(place)?.[1]
  if (check) return json(pretty(regionsLike(view, check)))
  const id = /^\/region\/id\/(\d+)$/.exec(place)?.[1]
  const region = view.agreed.regions.find((one) => one.id === id)
  if (region) return json(pretty(regionJson(region, view.heard.regions.get(region.id))))
  return { status: 404, body: '404 page not found\n' }
}

const pretty = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`

/** By hand: a 64-bit number has to stand there with all its digits. */
function storesJson({ agreed, heard }: View): string {
  const stores = [...agreed.stores.values()].map((meta) => {
    const beat = heard.stores.get(meta.id)
    const at = heardAt(agreed, heard, meta.id)
    const store = {
      id: Number(meta.id),
      address: meta.address,
      version: meta.version,
      status_address: meta.statusAddress,
      last_heartbeat: 0,
      state_name: stateOf(agreed, heard, meta.id),
      node_state: 1,
    }
    const status = {
      capacity: size(beat?.capacityBytes ?? 0),
      available: size(beat?.availableBytes ?? 0),
      used_size: size(beat?.usedBytes ?? 0),
      leader_count: [...heard.regions.values()].filter(({ storeId }) => storeId === meta.id).length,
      region_count: beat?.peers ?? 0,
      // Nothing of what only heartbeats tell, before there was one.
      ...(beat && { slow_score: 1 }),
      ...(beat?.busy && { is_busy: true }),
      start_ts: iso(meta.startedAtSeconds * 1000),
      last_heartbeat_ts: iso(at),
      uptime: `${systemClock.now() / 1000 - meta.startedAtSeconds}s`,
    }
    return JSON.stringify({ store, status }).replace(
      '"last_heartbeat":0',
      `"last_heartbeat":${BigInt(at) * 1_000_000n + 1n}`,
    )
  })
  return `{"count":${stores.length},"stores":[${stores.join(',')}]}\n`
}

/** As go-units' BytesSize writes it: four digits at most. */
export function size(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB']
  let [value, i] = [bytes, 0]
  for (; value >= 1024 && i < units.length - 1; i++) value /= 1024
  return `${Number(value.toPrecision(4))}${units[i]}`
}

function regionStats({ agreed, heard }: View) {
  const leaders: Record<string, number> = {}
  for (const { storeId } of heard.regions.values()) leaders[storeId] = (leaders[storeId] ?? 0) + 1
  return {
    count: agreed.regions.length,
    empty_count: 0,
    storage_size: 0,
    storage_keys: 0,
    store_leader_count: leaders,
  }
}

export function regionsLike({ agreed, heard }: View, check: string): { count: number; regions: unknown[] } {
  const like = (region: RegionMeta): boolean => {
    const beat = heard.regions.get(region.id)
    switch (check) {
      case 'miss-peer':
        return region.peers.length < maxReplicas
      case 'extra-peer':
        return region.peers.length > maxReplicas
      case 'down-peer':
        return (beat?.down.length ?? 0) > 0
      case 'pending-peer':
        return (beat?.pending.length ?? 0) > 0
      default:
        return false
    }
  }
  const found = agreed.regions.filter(like)
  return {
    count: found.length,
    regions: found.map((region) => regionJson(region, heard.regions.get(region.id))),
  }
}

function regionJson(region: RegionMeta, beat: RegionBeat | undefined) {
  const peerOn = (storeId: string) => {
    const peer = region.peers.find((one) => one.storeId === storeId)
    return peer ? { id: Number(peer.id), store_id: Number(peer.storeId), role_name: 'Voter' } : {}
  }
  return {
    id: Number(region.id),
    start_key: Buffer.from(region.startKey).toString('hex').toUpperCase(),
    end_key: Buffer.from(region.endKey).toString('hex').toUpperCase(),
    epoch: { conf_ver: 5, version: 1 },
    peers: region.peers.map(({ storeId }) => peerOn(storeId)),
    leader: beat ? peerOn(beat.storeId) : {},
    ...(beat?.down.length && {
      down_peers: beat.down.map(({ storeId, seconds }) => ({ peer: peerOn(storeId), down_seconds: seconds })),
    }),
    ...(beat?.pending.length && { pending_peers: beat.pending.map(peerOn) }),
    approximate_size: beat?.sizeMiB ?? 0,
  }
}
