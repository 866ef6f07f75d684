import type { Cluster } from '../lab/contract.ts'
import { bash, outside } from './run.ts'

/**
 * Measures how long connecting to a node's port takes from another node: one round trip in ms per attempt. null: no
 * connection within `patienceMs`. A refused connection counts, because packets went there and back.
 */
export async function connectMs(
  cluster: Cluster,
  from: string,
  to: string,
  { attempts = 1, patienceMs = 1000, through = bash } = {},
): Promise<(number | null)[]> {
  const once = `s=$EPOCHREALTIME; : 2>/dev/null <>/dev/tcp/$1/$2; echo $((\${EPOCHREALTIME/./} - \${s/./}))`
  const script = `for _ in $(seq $3); do timeout $4 bash -c '${once}' _ $1 $2 || echo none; done`
  const lines = (
    await through(cluster, from, script, ...placeOf(cluster, to), String(attempts), String(patienceMs / 1000))
  )
    .trim()
    .split('\n')
  return lines.map((line) => (line === 'none' ? null : Number(line) / 1000))
}

export const reaches = async (cluster: Cluster, from: string, to: string): Promise<boolean> =>
  (await connectMs(cluster, from, to))[0] !== null

/** Whether the node cannot be reached from another one. Tries several times with the programs of this host. */
export async function isCutOff(cluster: Cluster, from: string, to: string): Promise<boolean> {
  const times = await connectMs(cluster, from, to, { attempts: 3, through: outside })
  return times.every((ms) => ms === null)
}

/** The interface that has the node's address. */
export async function interfaceOf(cluster: Cluster, node: string): Promise<string> {
  const address = addressOf(cluster, node)
  const name = (await bash(cluster, node, 'ip -o -4 addr show to $1', address)).split(/\s+/)[1]
  if (name) return name
  throw new Error(`${node} has no interface with its address ${address}`)
}

export const addressOf = (cluster: Cluster, node: string): string =>
  cluster.nodes.find(({ name }) => name === node)?.address ?? ''

/** Address and port for a client inside the cluster's network. */
export function placeOf(cluster: Cluster, node: string): [address: string, port: string] {
  const found = cluster.nodes.find(({ name }) => name === node)
  return [found?.address ?? '', String(found?.port ?? 0)]
}

/** A node to measure from. */
export const neighbourOf = (cluster: Cluster, ...nodes: string[]): string =>
  cluster.nodes.find(({ name }) => !nodes.includes(name))?.name ?? nodes[0] ?? ''

/** Sends datagrams from another node to this one and returns the share that did not arrive, from 0 to 1. */
export async function lostShare(
  cluster: Cluster,
  from: string,
  to: string,
  { datagrams = 400, through = bash } = {},
): Promise<number> {
  // No program listens there: the kernel counts the datagrams either way. Fields: RFC 2013.
  const count =
    'grep ^Udp: /proc/net/snmp | tail -n 1 | { read -r _ got orphans _; echo $((got + orphans)); }'
  const before = Number(await through(cluster, to, count))
  const send = `for ((i = 0; i < ${datagrams}; i++)); do echo >/dev/udp/$1/9; done 2>/dev/null; :`
  await through(cluster, from, send, addressOf(cluster, to))
  const arrived = Number(await through(cluster, to, count)) - before
  return 1 - arrived / datagrams
}
