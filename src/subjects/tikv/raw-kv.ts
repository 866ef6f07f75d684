import type { Endpoints } from '../../core/watch/topology.ts'
import { within } from '../shared/client/deadline.ts'
import type { Got, KeyValue, Put } from '../shared/load/kv.ts'
import { kindOf, placeOf } from './observe/nodes.ts'
import type { Channel } from './wire/call.ts'
import { channelTo } from './wire/channel.ts'
import { getMembers, getRegion, getStore, rawGet, rawPut } from './wire/messages.ts'
import type { Message, Method } from './wire/schema.ts'

type AnswerOf<M> = M extends { answer: Message<infer A> } ? A : never
type Region = NonNullable<AnswerOf<typeof getRegion>['region']>
type Peer = NonNullable<AnswerOf<typeof getRegion>['leader']>
type RegionError = NonNullable<AnswerOf<typeof rawPut>['regionError']>

/** Where a key is, as PD or a store said last. */
interface Route {
  region: Region
  leader: Peer
  address: string
}

const operationMs = 2_000
const pauseMs = 50

/**
 * Raw keys and values of TiKV, over gRPC with its published protocol. No client for Node is kept by anybody; the few calls
 * that an application needs are small: PD says which store leads the region of a key, that store is asked, and when it is
 * not the leader any more, it or PD says who is.
 */
export function rawKeyValue(endpoints: Endpoints, channels = channelPool()): KeyValue {
  const pds = Object.entries(endpoints)
    .filter(([name, endpoint]) => kindOf(name, endpoint) === 'pd')
    .map(([, { url }]) => new URL(url).host)
  let pd: { clusterId: string; address: string } | null = null
  let routes: Route[] = []

  const call = <Q, A>(address: string, method: Method<Q, A>, request: Partial<Q>, signal: AbortSignal) =>
    channels.to(address).call(method, request, signal)

  async function findPd(signal: AbortSignal): Promise<void> {
    for (const address of pds) {
      const answer = await within(signal, operationMs / 4, (until) => call(address, getMembers, {}, until))
      const url = answer.kind === 'ok' ? answer.message.leader?.clientUrls[0] : undefined
      if (answer.kind !== 'ok' || !url) continue
      const clusterId = answer.message.header?.clusterId ?? '0'
      pd = { clusterId, address: placeOf(url.replace(/^https?:\/\//, '').replace(/\/$/, ''), endpoints) }
      return
    }
    pd = null
  }

  async function routeOf(key: Buffer, signal: AbortSignal): Promise<Route | null> {
    const known = routes.find(({ region }) => contains(region, key))
    if (known) return known
    if (!pd) await findPd(signal)
    if (!pd) return null
    const { address: at, clusterId } = pd
    const header = { clusterId }
    const found = await within(signal, operationMs / 4, (until) =>
      call(at, getRegion, { header, regionKey: key }, until),
    )
    const { region, leader } = found.kind === 'ok' ? found.message : { region: null, leader: null }
    if (!region || !leader || !contains(region, key) || isOversized(region)) {
      pd = null
      return null
    }
    return remember(region, leader, signal)
  }

  async function remember(region: Region, leader: Peer, signal: AbortSignal): Promise<Route | null> {
    if (!pd) return null
    const { address: at, clusterId } = pd
    const request = { header: { clusterId }, storeId: leader.storeId }
    const answer = await within(signal, operationMs / 4, (until) => call(at, getStore, request, until))
    const address = answer.kind === 'ok' ? answer.message.store?.address : undefined
    if (!address) {
      pd = null
      return null
    }
    const route = { region, leader, address: placeOf(address, endpoints) }
    routes = [...routes.filter((one) => one.region.id !== region.id), route]
    return route
  }

  /**
   * Asks whoever leads the key's region, and again when that one certainly did nothing. `unsure`: it may have done
   * something, which must not be tried again, as the first attempt might come late. `over`: time ran out before.
   */
  async function ask<Q, A extends { regionError: RegionError | null }>(
    method: Method<Q, A>,
    key: Buffer,
    request: Partial<Q>,
    signal: AbortSignal,
  ): Promise<A | 'unsure' | 'over'> {
    while (!signal.aborted) {
      const route = await routeOf(key, signal)
      if (!route) {
        await pause(signal)
        continue
      }
      const { region, leader } = route
      const context = { regionId: region.id, regionEpoch: region.regionEpoch, peer: leader }
      const answer = await within(signal, operationMs / 2, (until) =>
        call(route.address, method, { ...request, context, key } as Partial<Q>, until),
      )
      if (answer.kind === 'ok' && !answer.message.regionError) return answer.message
      routes = routes.filter((one) => one !== route)
      // Said before anything is proposed, unlike other errors of a region.
      const elsewhere = answer.kind === 'ok' ? answer.message.regionError?.notLeader : null
      if (answer.kind !== 'unsent' && !elsewhere) return 'unsure'
      const known = elsewhere?.leader ? await remember(region, elsewhere.leader, signal) : null
      if (!known) await pause(signal)
    }
    return 'over'
  }

  return {
    put: (key, value, signal): Promise<Put> =>
      within(signal, operationMs, async (until) => {
        const done = await ask(rawPut, Buffer.from(key), { value: Buffer.from(value) }, until)
        if (done === 'over') return 'no'
        return done === 'unsure' || done.error !== '' ? 'perhaps' : 'acknowledged'
      }),
    get: (key, signal): Promise<Got> =>
      within(signal, operationMs, async (until) => {
        const found = await ask(rawGet, Buffer.from(key), {}, until)
        if (found === 'over' || found === 'unsure' || found.error !== '') return { kind: 'failed' }
        return { kind: 'value', value: found.notFound ? null : Buffer.from(found.value).toString() }
      }),
    [Symbol.dispose]: () => channels[Symbol.dispose](),
  }
}

/** Routes are kept; no key of ours is longer than this. */
const mostKeyBytes = 64 * 1024
const isOversized = ({ startKey, endKey }: Region): boolean =>
  Math.max(startKey.length, endKey.length) > mostKeyBytes

/** An empty end is no end. */
function contains({ startKey, endKey }: Region, key: Buffer): boolean {
  return Buffer.compare(key, startKey) >= 0 && (endKey.length === 0 || Buffer.compare(key, endKey) < 0)
}

interface Pool extends Disposable {
  to(address: string): Channel
}

const mostChannels = 64

function channelPool(): Pool {
  const open = new Map<string, Channel>()
  return {
    to: (address) => {
      const channel = open.get(address) ?? channelTo(address)
      // The one used longest ago goes first: PD may name any number of addresses.
      open.delete(address)
      open.set(address, channel)
      const [oldest] = open.keys()
      if (open.size > mostChannels && oldest !== undefined) {
        open.get(oldest)?.[Symbol.dispose]()
        open.delete(oldest)
      }
      return channel
    },
    [Symbol.dispose]: () => {
      for (const channel of open.values()) channel[Symbol.dispose]()
    },
  }
}

const pause = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    const timer = setTimeout(done, pauseMs)
    function done() {
      clearTimeout(timer)
      signal.removeEventListener('abort', done)
      resolve()
    }
    signal.addEventListener('abort', done, { once: true })
  })
