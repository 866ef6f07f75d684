import { createHash } from 'node:crypto'
import { systemClock } from '../../../src/core/clock.ts'

/** What the PDs agree on, entry by entry. Ids are decimal strings of up to 64 bits. */
export interface Agreed {
  stores: Map<string, StoreMeta>
  regions: RegionMeta[]
  /** When each store was heard, as it was written down: at its first heartbeat, and every five minutes. */
  heardAt: Map<string, number>
  /** Somebody has set `halt-scheduling`. */
  halted: boolean
}

export const nothingAgreed = (): Agreed => ({
  stores: new Map(),
  regions: [],
  heardAt: new Map(),
  halted: false,
})

export interface StoreMeta {
  id: string
  address: string
  statusAddress: string
  version: string
  startedAtSeconds: number
}

export interface RegionMeta {
  id: string
  startKey: string
  endKey: string
  peers: { id: string; storeId: string }[]
}

export type Change =
  | { kind: 'store'; store: StoreMeta }
  | { kind: 'bootstrap'; regions: RegionMeta[] }
  | { kind: 'heard'; id: string; at: number }
  | { kind: 'halt'; halted: boolean }

/** What only the leader of the PDs knows, by what it has been told. */
export interface Heard {
  stores: Map<string, StoreBeat>
  regions: Map<string, RegionBeat>
}

export interface StoreBeat {
  at: number
  capacityBytes: number
  availableBytes: number
  usedBytes: number
  leaders: number
  peers: number
  busy: boolean
}

export interface RegionBeat {
  at: number
  storeId: string
  term: number
  pending: string[]
  down: { storeId: string; seconds: number }[]
  sizeMiB: number
}

export const maxReplicas = 3
const disconnectedMs = 20_000
const downMs = 30 * 60_000
/** pd server/cluster/cluster.go, storePersistInterval. */
export const persistMs = 5 * 60_000

export function applyTo(agreed: Agreed, change: Change): void {
  switch (change.kind) {
    case 'store':
      agreed.stores.set(change.store.id, change.store)
      return
    case 'bootstrap':
      if (agreed.regions.length === 0) agreed.regions = change.regions
      return
    case 'heard':
      agreed.heardAt.set(change.id, change.at)
      return
    case 'halt':
      agreed.halted = change.halted
      return
    default:
      change satisfies never
  }
}

/** Each region has three peers on as many stores, another store first in each. */
export function regionsOn(storeIds: readonly string[]): RegionMeta[] {
  const bounds = ['', 'n', 't', '']
  return bounds.slice(1).map((endKey, i) => ({
    id: String(2 + i * 10),
    startKey: bounds[i] ?? '',
    endKey,
    peers: Array.from({ length: maxReplicas }, (_, j) => ({
      id: String(3 + i * 10 + j),
      storeId: storeIds[(i + j) % storeIds.length] ?? '',
    })),
  }))
}

export type StoreState = 'Up' | 'Disconnected' | 'Down'

/** When a store was heard, by its leader's memory or, as long as it has not heard it itself, by what was written down. */
export const heardAt = (agreed: Agreed, heard: Heard, id: string): number =>
  heard.stores.get(id)?.at ?? agreed.heardAt.get(id) ?? 0

export function stateOf(agreed: Agreed, heard: Heard, id: string): StoreState {
  const age = systemClock.now() - heardAt(agreed, heard, id)
  if (age > downMs) return 'Down'
  return age > disconnectedMs ? 'Disconnected' : 'Up'
}

/** The same 64-bit number for the same text; beyond 2^53, as real ones are. */
export const idOf = (text: string): string =>
  String(createHash('sha256').update(text).digest().readBigUInt64BE() | (1n << 62n))
