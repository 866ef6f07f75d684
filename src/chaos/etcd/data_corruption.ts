import { z } from 'zod'
import type { Cluster } from '../../lab/contract.ts'
import type { ChaosType, Fault } from '../chaos-type.ts'
import { bash } from '../run.ts'
import { chooseOne } from '../target.ts'
import { dataFile } from './config.ts'

const kinds = ['wal', 'db'] as const
const params = z.strictObject({ file: z.enum(kinds, `one of ${kinds.join(', ')}`).default('wal') })

/** Bytes that etcd writes once, never changes while the file exists, and checks at every start. */
const places: Record<(typeof kinds)[number], { offset: number; length: number }[]> = {
  // Within the first records, each of which has a checksum.
  wal: [{ offset: 24, length: 32 }],
  // Magic number and version in both meta pages (go.etcd.io/bbolt, db.go: type meta behind a page header of 16 bytes).
  db: [
    { offset: 16, length: 8 },
    { offset: 4096 + 16, length: 8 },
  ],
}

interface Spot {
  offset: number
  /** Base64. */
  was: string
  becomes: string
}

/** A disk that returned other bytes than were written. etcd finds it when the member starts. */
export const dataCorruption: ChaosType<z.infer<typeof params>> = {
  name: 'data_corruption',
  description:
    'damages the write-ahead log or the database of a node while it is down: it does not start again',
  causes: [
    /corrupt|bit ?rot|\bcrc\b|checksum|magic number|invalid database|(bad|torn) block/i,
    /(damaged|broken|garbled|unreadable|overwritten|mangled) (\w+ )?(wal|write-ahead|data|db|database|log|file)/i,
    /cannot (read|open|parse|decode|load) (its|the) (own )?(data|wal|write-ahead log|database|db|snapshot)\b|illegal wire ?type/i,
    /\b(wal|write-ahead log|database|db|data|(data )?files?)s?:? .{0,20}(damaged|broken|garbled|unreadable|overwritten|mangled)/i,
  ],
  alsoNamed: ['member_removed'],
  params,
  needs: ['clusters', 'signals', 'disk'],
  subjects: ['etcd'],
  takesOne: () => true,
  replacesMember: true,
  plan: async (plan) => {
    const { cluster, params, rng } = plan
    const target = chooseOne(plan)
    const file = await dataFile(cluster, target, params.file)
    const spots: Spot[] = []
    for (const { offset, length } of places[params.file]) {
      const was = await read(cluster, target, file, offset, length)
      const noise = Buffer.from(Array.from({ length }, () => rng.int(256)))
      spots.push({ offset, was, becomes: noise.toString('base64') })
    }
    return { chaosType: 'data_corruption', target, params, undo: { file, spots } }
  },
  inject: async (cluster, fault) => {
    await cluster.stop(fault.target)
    for (const { offset, becomes } of spotsOf(fault)) await write(cluster, fault, offset, becomes)
    await cluster.start(fault.target)
  },
  landed: async (cluster, fault) =>
    (await cluster.state(fault.target)) === 'stopped' && (await damaged(cluster, fault)).length > 0,
  remains: async (cluster, fault) => {
    const found = spotsOf(fault).map(async ({ offset, becomes }) => {
      const wrong = Buffer.from(becomes, 'base64')
      const part = { offset, length: wrong.length }
      return (await cluster.read(fault.target, String(fault.undo.file), part))?.equals(wrong) ?? false
    })
    return (await Promise.all(found)).some(Boolean)
  },
  revert: async (cluster, fault) => {
    const left = await damaged(cluster, fault)
    // A file that was replaced meanwhile has none of our bytes in it.
    if (left.length > 0) await cluster.stop(fault.target)
    for (const { offset, was } of left) await write(cluster, fault, offset, was)
    await cluster.start(fault.target)
  },
  clean: async (cluster, fault) =>
    (await cluster.state(fault.target)) === 'running' && (await damaged(cluster, fault)).length === 0,
}

async function damaged(cluster: Cluster, fault: Fault): Promise<Spot[]> {
  const file = String(fault.undo.file)
  const found: Spot[] = []
  for (const spot of spotsOf(fault)) {
    const length = Buffer.from(spot.was, 'base64').length
    if ((await read(cluster, fault.target, file, spot.offset, length)) === spot.becomes) found.push(spot)
  }
  return found
}

/** Base64; empty when the file is gone. */
async function read(cluster: Cluster, node: string, file: string, offset: number, length: number) {
  const script = '[[ -e $1 ]] || exit 0; tail -c +$(($2 + 1)) "$1" | head -c "$3" | base64 -w 0'
  return bash(cluster, node, script, file, String(offset), String(length))
}

async function write(cluster: Cluster, fault: Fault, offset: number, base64: string): Promise<void> {
  const script = `
    [[ -e $1 ]] || exit 0
    base64 -d <<<"$3" | dd of="$1" oflag=seek_bytes seek="$2" conv=notrunc status=none`
  await bash(cluster, fault.target, script, String(fault.undo.file), String(offset), base64)
}

const spotsOf = (fault: Fault): Spot[] => fault.undo.spots as Spot[]
