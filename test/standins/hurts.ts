import assert from 'node:assert/strict'
import { connectMs, lostShare } from '../../src/chaos/link.ts'
import type { Cluster } from '../../src/lab/contract.ts'
import { echo, neighbour } from './arena.ts'

// How damage is felt by whoever uses a node; each is false where there is none, and fails where it is not as asked.

/** The fastest of several is what the link takes; the others had to wait for a CPU. */
export const roundTripMs = async (cluster: Cluster, node: string): Promise<number> =>
  Math.min(
    ...(await connectMs(cluster, neighbour(cluster, node), node, { attempts: 5 })).map((ms) => ms ?? 1e9),
  )

export async function slowBy200(cluster: Cluster, node: string): Promise<boolean> {
  const ms = await roundTripMs(cluster, node)
  if (ms < 100) return false
  assert.ok(ms >= 160 && ms <= 240, `asked for 200 ms, +-20 %; measured ${ms} ms`)
  return true
}

export async function losesHalf(cluster: Cluster, node: string): Promise<boolean> {
  const lost = await lostShare(cluster, neighbour(cluster, node), node, { datagrams: 1000 })
  if (lost < 0.2) return false
  assert.ok(lost >= 0.42 && lost <= 0.58, `asked for 50 %; lost ${lost * 100} %`)
  return true
}

export const full = async (cluster: Cluster, node: string): Promise<boolean> => {
  const { dataDir = '' } = cluster.nodes.find(({ name }) => name === node) ?? {}
  const write = 'echo x >"$1/probe" && rm "$1/probe" || { rm -f "$1/probe"; exit 1; }'
  const { stderr } = await cluster.run(node, ['bash', '-c', write, '_', dataDir])
  return /No space left on device/.test(stderr)
}

/** An echo of that many bytes takes longer than it should. */
export const slowToSend = (bytes: number, ms: number) => async (cluster: Cluster, node: string) => {
  const started = performance.now()
  const text = 'x'.repeat(bytes)
  assert.ok((await echo(cluster, node, text, 20)).includes(text), 'all of it comes back')
  return performance.now() - started > ms
}
