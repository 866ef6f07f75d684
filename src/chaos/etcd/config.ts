import type { Cluster } from '../../lab/contract.ts'
import { bash, run } from '../run.ts'

/** The configuration file of the node's process: the argument of its `--config-file`, in the lab's layout. */
export const configFile = (node: string): string => `/etc/etcd/${node}.yml`

/** Empty when the file is gone. */
export const readConfig = (cluster: Cluster, node: string): Promise<string> =>
  bash(cluster, node, '[[ ! -e $1 ]] || cat -- "$1"', configFile(node))

/** Writes in place, so that owner and mode stay. */
export async function writeConfig(cluster: Cluster, node: string, text: string): Promise<void> {
  await run(cluster, node, ['tee', configFile(node)], text)
}

/** The database and the newest write-ahead log below a node's own disk. */
export async function dataFile(cluster: Cluster, node: string, kind: 'db' | 'wal'): Promise<string> {
  const folder = cluster.nodes.find(({ name }) => name === node)?.dataDir ?? ''
  const pattern = kind === 'db' ? 'member/snap/db' : 'member/wal/*.wal'
  const file = (await bash(cluster, node, `ls -1d "$1"/*/${pattern} | tail -n 1`, folder)).trim()
  if (file) return file
  throw new Error(`${node} has no ${kind} below ${folder}`)
}
