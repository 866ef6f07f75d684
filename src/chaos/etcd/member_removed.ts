import { z } from 'zod'
import { systemClock } from '../../core/clock.ts'
import type { Cluster } from '../../lab/contract.ts'
import type { ChaosType, Fault } from '../chaos-type.ts'
import { placeOf } from '../link.ts'
import { bash } from '../run.ts'
import { chooseOne } from '../target.ts'
import { readConfig, writeConfig } from './config.ts'
import { etcdctl, etcdctlOutside, isHealthy, type Member, membersOf, namesOf, patienceMs } from './etcdctl.ts'

const params = z.strictObject({})
const pollMs = 50

/** A member was removed from the cluster: its process ends, and the other members do not know it any more. */
export const memberRemoved: ChaosType<z.infer<typeof params>> = {
  name: 'member_removed',
  description: 'removes a member from the cluster; it ends, and is refused when it is started again',
  causes: [
    /\b(removed|deleted|evicted|expelled|dropped|kicked) .{0,20}(from|out of) .{0,20}(cluster|member|raft)/i,
    /member remove|member .{0,40}\b(removed|deleted|evicted)\b|\bremoved .{0,20}member/i,
    /(no longer|not) (listed|known|part|in the|a|an|its) .{0,20}member|missing (from|in) the member/i,
  ],
  params,
  needs: ['clusters'],
  subjects: ['etcd'],
  takesOne: () => true,
  replacesMember: true,
  plan: async (plan) => {
    const target = chooseOne(plan)
    await grownUp(plan.cluster)
    const member = (await membersOf(plan.cluster, namesOf(plan.cluster))).find(({ name }) => name === target)
    if (!member) throw new Error(`${target} is no member of its cluster`)
    const config = await readConfig(plan.cluster, target)
    return { chaosType: 'member_removed', target, params: plan.params, undo: { member, config } }
  },
  inject: async (cluster, fault) => {
    await patiently(async () => {
      if (await removed(cluster, fault)) return
      await etcdctl(cluster, others(cluster, fault), ['member', 'remove', memberOf(fault).id])
    })
  },
  landed: removed,
  remains: async (cluster, fault) => {
    const members = await membersOf(cluster, others(cluster, fault), etcdctlOutside)
    return !members.some(({ name, peerUrl }) => name !== '' && peerUrl === memberOf(fault).peerUrl)
  },
  revert: async (cluster, fault) => {
    if (await serves(cluster, fault)) return restoreConfig(cluster, fault)
    const same = (await listed(cluster, fault)).find(({ id }) => id === memberOf(fault).id)
    // Either the member was never removed, or it has to come back without data, as etcd demands.
    if (same) await cluster.start(fault.target)
    else await addAgain(cluster, fault)
    if (!(await comesBack(cluster, fault)))
      throw new Error(`${fault.target} did not join within ${patienceMs} ms`)
    await restoreConfig(cluster, fault)
  },
  clean: async (cluster, fault) =>
    (await serves(cluster, fault)) && !/existing/.test(await readConfig(cluster, fault.target)),
}

async function addAgain(cluster: Cluster, fault: Fault): Promise<void> {
  const { target } = fault
  await cluster.stop(target)
  await addAsNew(cluster, fault)
  const folder = cluster.nodes.find(({ name }) => name === target)?.dataDir ?? ''
  await bash(cluster, target, 'cd "$1" && rm -rf -- */member', folder)
  const config = String(fault.undo.config)
  await writeConfig(
    cluster,
    target,
    config.replace(/^initial-cluster-state:.*$/m, 'initial-cluster-state: existing'),
  )
  await cluster.start(target)
}

/** etcd refuses changes of its members until their connections have stood for five seconds. */
const adultMs = 5_500

/** Waits for that before the injection, so that the injection itself is quick. */
async function grownUp(cluster: Cluster): Promise<void> {
  const ages = await Promise.all(namesOf(cluster).map((node) => ageMs(cluster, node)))
  await systemClock.sleep(Math.max(0, adultMs - Math.min(...ages)))
}

async function ageMs(cluster: Cluster, node: string): Promise<number> {
  const [hostname, port] = placeOf(cluster, node)
  const script = `
    exec 3<>"/dev/tcp/$1/$2" && printf 'GET /metrics HTTP/1.0\\r\\n\\r\\n' >&3
    printf '%s %s\\n' "$EPOCHREALTIME" "$(grep -a '^process_start_time_seconds ' <&3)"`
  const [now = 0, , started = 0] = (await bash(cluster, node, script, hostname, port)).split(' ').map(Number)
  return (now - started) * 1000
}

/** Ends when the member is listed as not yet started. */
async function addAsNew(cluster: Cluster, fault: Fault): Promise<void> {
  const { peerUrl } = memberOf(fault)
  let asked = false
  // etcd 3.4 lists what one member has applied so far, so it may still show these.
  const taken = new Set([memberOf(fault).id])
  await patiently(async () => {
    const there = (await listed(cluster, fault)).find((it) => it.peerUrl === peerUrl && !taken.has(it.id))
    // The member was added; only the answer did not reach us.
    if (there && asked) return
    // An earlier attempt stopped here. With its data, the member would have to keep its id.
    if (there) {
      await etcdctl(cluster, others(cluster, fault), ['member', 'remove', there.id])
      taken.add(there.id)
    }
    asked = true
    await etcdctl(cluster, others(cluster, fault), ['member', 'add', fault.target, `--peer-urls=${peerUrl}`])
  })
}

/** Retries while etcd refuses for the moment or has no leader, and accepts that the change was already made. */
async function patiently(change: () => Promise<unknown>): Promise<void> {
  const deadline = systemClock.now() + patienceMs
  for (;;) {
    try {
      await change()
      return
    } catch (error) {
      const mayYet =
        error instanceof Error &&
        /unhealthy cluster|deadline exceeded|timed out|no leader|member not found|Peer URLs already exists/.test(
          error.message,
        )
      if (!mayYet || systemClock.now() > deadline) throw error
      await systemClock.sleep(pollMs * 4)
    }
  }
}

/** A member that has data ignores its initial state, so the line may be what it was. */
async function restoreConfig(cluster: Cluster, fault: Fault): Promise<void> {
  const config = String(fault.undo.config)
  if ((await readConfig(cluster, fault.target)) !== config) await writeConfig(cluster, fault.target, config)
}

async function comesBack(cluster: Cluster, fault: Fault): Promise<boolean> {
  const deadline = systemClock.now() + patienceMs
  while (!(await serves(cluster, fault))) {
    if (systemClock.now() > deadline) return false
    await systemClock.sleep(pollMs)
  }
  return true
}

/** The others list the member under its own address, it runs, and it answers a read through consensus. */
async function serves(cluster: Cluster, fault: Fault): Promise<boolean> {
  if ((await cluster.state(fault.target)) !== 'running') return false
  const known = (await listed(cluster, fault)).some(({ peerUrl }) => peerUrl === memberOf(fault).peerUrl)
  return known && isHealthy(cluster, fault.target)
}

async function removed(cluster: Cluster, fault: Fault): Promise<boolean> {
  return !(await listed(cluster, fault)).some(({ peerUrl }) => peerUrl === memberOf(fault).peerUrl)
}

const listed = (cluster: Cluster, fault: Fault): Promise<Member[]> =>
  membersOf(cluster, others(cluster, fault))

const others = (cluster: Cluster, fault: Fault): string[] =>
  namesOf(cluster).filter((name) => name !== fault.target)

const memberOf = (fault: Fault): Member => fault.undo.member as Member
