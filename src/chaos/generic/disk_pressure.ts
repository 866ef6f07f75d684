import { z } from 'zod'
import { BadInput } from '../../core/errors.ts'
import type { Cluster } from '../../lab/contract.ts'
import type { ChaosType, Fault } from '../chaos-type.ts'
import { whole } from '../params.ts'
import { bash } from '../run.ts'
import { allTargets, chooseTarget, eachTarget, someTarget, targetsOf } from '../target.ts'

const params = z.strictObject({ fill_percent: whole('percent', 1, 100).default(100) })

/** A full disk: a large file beside the node's data, made of real blocks on its own bounded disk. */
export const diskPressure: ChaosType<z.infer<typeof params>> = {
  name: 'disk_pressure',
  description: "fills a node's own disk; at 100 percent its next new block fails with ENOSPC",
  causes: [
    /\bdisk\b.{0,40}\b(full|fill(ed|s)?|space|pressure|exhausted|100 ?%)|no space left|ENOSPC|out of disk/i,
    /\b(full|filled|filling|exhausted) .{0,20}(disk|volume|file ?system|tmpfs|mount)|(volume|file ?system|tmpfs|mount|partition) .{0,20}\bfull\b/i,
  ],
  alsoNamed: ['nospace_alarm'],
  params,
  needs: ['clusters', 'disk'],
  plan: async (plan) => {
    const target = chooseTarget(plan)
    // Looks like the dump that another program leaves when it crashes.
    const name = `core.${1000 + plan.rng.int(30_000)}`
    const fault = { chaosType: 'disk_pressure', target, params: plan.params, undo: { name } }
    for (const node of targetsOf(fault)) {
      const { usedPercent } = await diskOf(plan.cluster, node)
      const least = leastPercent(usedPercent)
      if (plan.params.fill_percent < least)
        throw new BadInput(
          `fill_percent ${plan.params.fill_percent}: ${usedPercent} % of the disk of ${node} is used already; at least ${least} is needed`,
        )
    }
    return fault
  },
  inject: (cluster, fault) =>
    eachTarget(fault, async (node) => {
      await bash(
        cluster,
        node,
        fill,
        folderOf(cluster, node),
        String(fault.undo.name),
        String(percentOf(fault)),
      )
    }),
  landed: (cluster, fault) =>
    allTargets(fault, async (node) => {
      const { usedPercent, availableKiB } = await diskOf(cluster, node)
      return percentOf(fault) === 100 ? availableKiB === 0 : usedPercent >= percentOf(fault) - tolerated
    }),
  remains: (cluster, fault) =>
    someTarget(fault, async (node) => {
      const disk = await cluster.disk(node)
      if (!disk) return true
      // Any of these frees the disk: the file is gone, other space was freed, or the disk was enlarged.
      const usedPercent = 100 * (1 - disk.availableBytes / disk.totalBytes)
      return usedPercent >= percentOf(fault) - tolerated
    }),
  revert: (cluster, fault) =>
    eachTarget(fault, async (node) => {
      await bash(cluster, node, 'rm -f -- "$1/$2"', folderOf(cluster, node), String(fault.undo.name))
      // The process may have ended when it could not write.
      await cluster.start(node)
    }),
  clean: (cluster, fault) =>
    allTargets(fault, async (node) => {
      const exists = '[[ ! -e $1/$2 ]] || echo there'
      const file = await bash(cluster, node, exists, folderOf(cluster, node), String(fault.undo.name))
      return file === '' && (await cluster.state(node)) === 'running'
    }),
}

/** $1 folder, $2 file, $3 percent. Fills up to the last block where 100 % is asked for; the last write is expected to fail. */
const fill = `
  cd "$1"
  read -r _ total used available _ < <(df -kP . | tail -n 1)
  want=$(( total * $3 / 100 - used ))
  ((want > available)) && want=$available
  ((want > 0)) && fallocate -l "\${want}K" "$2"
  [[ $3 != 100 ]] || cat /dev/zero >>"$2" 2>/dev/null
  [[ -e $2 ]]`

/** Tolerance below the requested level, because file systems and databases round. */
const tolerated = 1

/** The lowest fill level that the disk cannot reach without our file. */
const leastPercent = (usedPercent: number): number => Math.min(100, Math.floor(usedPercent + tolerated) + 1)

const percentOf = (fault: Fault): number => params.parse(fault.params).fill_percent

const folderOf = (cluster: Cluster, node: string): string =>
  cluster.nodes.find(({ name }) => name === node)?.dataDir ?? ''

async function diskOf(
  cluster: Cluster,
  node: string,
): Promise<{ usedPercent: number; availableKiB: number }> {
  const line = await bash(cluster, node, 'df -kP "$1" | tail -n 1', folderOf(cluster, node))
  const [, total = 0, used = 0, availableKiB = 0] = line.split(/\s+/).map(Number)
  return { usedPercent: Math.round((used / total) * 1000) / 10, availableKiB }
}
