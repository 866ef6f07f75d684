import { z } from 'zod'
import { BadInput } from '../../core/errors.ts'
import type { Cluster } from '../../lab/contract.ts'
import type { ChaosType } from '../chaos-type.ts'
import { addressOf, neighbourOf } from '../link.ts'
import { bash, outside } from '../run.ts'
import { allTargets, chooseTarget, eachTarget, someTarget, targetsOf } from '../target.ts'

const params = z.strictObject({})

/** A gray failure: the store runs, its status port answers and PD gets its heartbeats, but no client can use it. */
export const pauseGrpc: ChaosType<z.infer<typeof params>> = {
  name: 'pause_grpc',
  description:
    'closes the port of a store for clients and other stores; its process and its status port go on',
  causes: [
    /pause_grpc|\bg?rpc\b.{0,40}\b(paused|suspended|closed|not listening|stopped listening|does not listen)/i,
  ],
  symptoms: [/\bgrpc\b|\b20160\b/i],
  // A claim may call it a pause: a part of the store is paused.
  alsoNamed: ['pause'],
  params,
  needs: ['clusters'],
  subjects: ['tikv'],
  plan: async (plan) => {
    const stores = plan.cluster.nodes.filter(({ name }) => isStore(name)).map(({ name }) => name)
    const target = chooseTarget({ ...plan, target: plan.target === 'random' ? 'tikv' : plan.target })
    const fault = { chaosType: 'pause_grpc', target, params: plan.params, undo: {} }
    const odd = targetsOf(fault).find((name) => !isStore(name))
    if (odd) throw new BadInput(`target '${odd}': only stores have this switch: ${stores.join(', ')}`)
    return fault
  },
  inject: (cluster, fault) => eachTarget(fault, (node) => turn(cluster, node, 'pause_grpc')),
  landed: (cluster, fault) =>
    allTargets(fault, async (node) => (await answers(cluster, node)) && !(await listens(cluster, node))),
  remains: (cluster, fault) => someTarget(fault, async (node) => !(await isOpen(cluster, node))),
  revert: (cluster, fault) =>
    eachTarget(fault, async (node) => {
      // A process that starts has its port open.
      await cluster.start(node)
      await becomeOpen(cluster, node)
    }),
  clean: (cluster, fault) => allTargets(fault, (node) => listens(cluster, node)),
}

const isStore = (name: string): boolean => /^tikv-\d+$/.test(name)

const storePort = 20160
const statusPort = 20180

/** HTTP/1.0 by hand, so that nothing has to be installed. It is sent from another node, as any client could. */
const request = `exec 3<>/dev/tcp/$1/$2 && printf '%s %s HTTP/1.0\\r\\nHost: x\\r\\n\\r\\n' "$3" "$4" >&3 && head -n 1 <&3`

const ask = (cluster: Cluster, node: string, method: string, path: string): Promise<string> =>
  bash(
    cluster,
    neighbourOf(cluster, node),
    `timeout 5 bash -c '${request.replaceAll("'", `'\\''`)}' _ "$@" 2>/dev/null || true`,
    ...[addressOf(cluster, node), String(statusPort), method, path],
  )

const answers = async (cluster: Cluster, node: string): Promise<boolean> =>
  / 200 /.test(await ask(cluster, node, 'GET', '/status'))

async function turn(cluster: Cluster, node: string, to: 'pause_grpc' | 'resume_grpc'): Promise<void> {
  const said = await ask(cluster, node, 'PUT', `/${to}`)
  if (!/ 200 /.test(said)) throw new Error(`${node}: PUT /${to}: ${said.trim() || 'no answer'}`)
}

async function listens(cluster: Cluster, node: string): Promise<boolean> {
  const script = `timeout 2 bash -c ': <>/dev/tcp/$0/$1' "$1" "$2" 2>/dev/null && echo yes || true`
  const from = neighbourOf(cluster, node)
  return (await bash(cluster, from, script, addressOf(cluster, node), String(storePort))).trim() === 'yes'
}

/**
 * Whether the process that listens on the status port also listens on the client port. The store always opens the status
 * port.
 */
async function isOpen(cluster: Cluster, node: string): Promise<boolean> {
  const [store = [], status = []] = await Promise.all(
    [storePort, statusPort].map(async (port) => {
      const shown = await outside(cluster, node, 'ss -Hltnp "sport = :$1"', String(port))
      return shown.split('\n').filter((line) => line.trim() !== '')
    }),
  )
  // If the processes of the node cannot be seen from here, no line names one.
  const pidsIn = (lines: readonly string[]) => lines.flatMap((line) => line.match(/pid=\d+/g) ?? [])
  if (store.length === 0 || pidsIn(store).length === 0) return store.length > 0
  return pidsIn(store).some((pid) => pidsIn(status).includes(pid))
}

/** A process that was just started opens both ports a moment later. */
async function becomeOpen(cluster: Cluster, node: string): Promise<void> {
  const wait = `for _ in {1..150}; do
    timeout 2 bash -c ': <>/dev/tcp/$0/$1' "$1" "$2" 2>/dev/null && exit; sleep 0.1; done; exit 1`
  await bash(cluster, neighbourOf(cluster, node), wait, addressOf(cluster, node), String(statusPort))
  if (!(await listens(cluster, node))) await turn(cluster, node, 'resume_grpc')
}
