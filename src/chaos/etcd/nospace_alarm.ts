import { z } from 'zod'
import type { Cluster } from '../../lab/contract.ts'
import type { ChaosType, Fault } from '../chaos-type.ts'
import { bash } from '../run.ts'
import { argvOf, becomeHealthy, etcdctl, etcdctlOutside, isHealthy, namesOf } from './etcdctl.ts'

const params = z.strictObject({})

/** A value as a runaway job might write it, version after version. */
const keys = ['inventory/snapshot', 'reports/daily', 'cache/catalog', 'builds/manifest']

/** Just below the largest request that etcd takes (1.5 MiB). */
const valueBytes = 1_400_000
const most = 1_000

/** The database has grown to its quota: old versions that nobody compacted. Nothing can be written any more. */
export const nospaceAlarm: ChaosType<z.infer<typeof params>> = {
  name: 'nospace_alarm',
  description:
    'fills the database with old versions of a key until its quota is reached and writes are refused',
  causes: [
    /\bNOSPACE\b|\bquota\b|database space exceeded|mvcc: database/i,
    /\b(db|database|backend|bbolt)\b.{0,30}\b(full|too large|out of space|limit|outgr[eo]w)|(old|many|uncompacted) (revisions|versions)|never (been )?compacted/i,
  ],
  params,
  needs: ['clusters', 'disk'],
  subjects: ['etcd'],
  clusterWide: true,
  plan: async ({ cluster, params, rng }) => ({
    chaosType: 'nospace_alarm',
    target: namesOf(cluster).join(','),
    params,
    undo: { key: rng.pick(keys) },
  }),
  inject: async (cluster, fault) => {
    const put = argvOf(cluster, namesOf(cluster), ['put', String(fault.undo.key)])
    await bash(cluster, namesOf(cluster)[0] ?? '', fill, ...put)
  },
  landed: (cluster) => alarmed(cluster),
  // A larger quota or less data are both repairs: the test is that the database can be written to again.
  remains: async (cluster) =>
    (await etcdctlOutside(cluster, namesOf(cluster), ['alarm', 'list'])).includes('NOSPACE'),
  revert: async (cluster, fault) => {
    const nodes = namesOf(cluster)
    // Every member has to be defragmented.
    for (const node of nodes) await cluster.start(node)
    if (!(await becomeHealthy(cluster, nodes))) throw new Error('not every member answers')
    const has = await etcdctl(cluster, nodes, ['get', '--keys-only', '--consistency=l', keyOf(fault)])
    if (has === '' && !(await alarmed(cluster))) return
    await etcdctl(cluster, nodes, ['del', keyOf(fault)])
    const status = await etcdctl(cluster, nodes.slice(0, 1), ['endpoint', 'status', '-w', 'json'])
    const revision = /"revision":(\d+)/.exec(status)?.[1] ?? '1'
    await compact(cluster, revision)
    for (const node of nodes) await etcdctl(cluster, [node], ['--command-timeout=20s', 'defrag'])
    await etcdctl(cluster, nodes, ['alarm', 'disarm'])
  },
  clean: async (cluster, fault) => {
    if (await alarmed(cluster)) return false
    const has = await etcdctl(cluster, namesOf(cluster), ['get', '--keys-only', keyOf(fault)])
    const healthy = await Promise.all(namesOf(cluster).map((node) => isHealthy(cluster, node)))
    return has === '' && healthy.every(Boolean)
  },
}

/** Writes a few at a time, as long as all of them succeed. */
const fill = `
  value=$(head -c ${Math.floor(valueBytes * 0.75)} /dev/urandom | base64 -w 0)
  put() { said=$("$@" <<<"$value" 2>&1) || { [[ $said == *"database space exceeded"* ]] && exit 9; echo "$said" >&2; exit 1; }; }
  for ((i = 0; i < ${most}; i++)); do
    jobs_=()
    for _ in 1 2 3 4; do put "$@" & jobs_+=($!); done
    for job in "\${jobs_[@]}"; do
      wait "$job" || { code=$?; wait; [[ $code == 9 ]]; exit; }
    done
  done
  exit 1`

const alarmed = async (cluster: Cluster): Promise<boolean> =>
  (await etcdctl(cluster, namesOf(cluster), ['alarm', 'list'])).includes('NOSPACE')

async function compact(cluster: Cluster, revision: string): Promise<void> {
  const argv = argvOf(cluster, namesOf(cluster), ['compact', '--physical', revision])
  const { exitCode, stderr } = await cluster.run(namesOf(cluster)[0] ?? '', argv, { timeoutMs: 20_000 })
  // Another process has already compacted up to this revision.
  if (exitCode !== 0 && !/has been compacted/.test(stderr)) throw new Error(`compact: ${stderr.trim()}`)
}

const keyOf = (fault: Fault): string => String(fault.undo.key)
