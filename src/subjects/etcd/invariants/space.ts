import { type Invariant, notApplicable, ok, unknown, violated } from '../../../core/watch/invariant.ts'
import type { EtcdObservation } from '../observe/observation.ts'
import { notSeen, okIfAllTold } from './shared.ts'

const MiB = 2 ** 20
const percent = (share: number) => Math.round(share * 100)

/** An alarm stops the whole cluster, whosever it is: of a member, of one that has left, or of nobody in particular. */
const alarm = (kind: string, description: string): Invariant<EtcdObservation> => ({
  name: `alarm_${kind.toLowerCase()}`,
  scope: 'cluster',
  severity: 'critical',
  graceMs: 0,
  keepFiringMs: 2000,
  description,
  source: `etcd's alarm ${kind}, as every member knows it (manual: Maintenance)`,
  check(observation) {
    const told = Object.values(observation.nodes).flatMap((node) => node.status?.alarms ?? [])
    const owners = new Set(told.filter((one) => one.alarm === kind).map(({ memberId }) => memberId))
    if (owners.size === 0) return okIfAllTold(observation, ({ status }) => status !== null)
    return violated(
      `${kind} was raised by ${[...owners].map((id) => ownerOf(observation, id)).join(' and ')}`,
    )
  },
})

function ownerOf({ memberIds, memberList }: EtcdObservation, id: string | null): string {
  if (id === null) return 'no member in particular'
  const name = Object.keys(memberIds).find((node) => memberIds[node] === id)
  const isMember = memberList === null || memberList.some((member) => member.id === id)
  const hex = BigInt(id).toString(16)
  return isMember ? (name ?? `member ${hex}`) : `${hex}, which is no member any more`
}

const nearQuota: Invariant<EtcdObservation> = {
  name: 'database_near_quota',
  scope: 'node',
  severity: 'warning',
  graceMs: 3000,
  keepFiringMs: 3000,
  description: 'The database nearly fills its quota; when it does, the cluster accepts no more writes.',
  source: 'etcd mixin: etcdDatabaseQuotaLowSpace, > 95 %; here > 85 %, because there is somebody who can act',
  inhibitedBy: ['alarm_nospace'],
  check(observation, name) {
    const node = observation.nodes[name]
    if (!node?.status) return notSeen(node)
    if (node.quotaBytes === null) return unknown(`${name} does not report its quota`)
    const share = node.status.dbBytes / node.quotaBytes
    if (share <= 0.85) return ok
    return violated(`${name}: the database has ${percent(share)} % of its quota`, {
      dbBytes: node.status.dbBytes,
      quotaBytes: node.quotaBytes,
    })
  },
}

const fragmented: Invariant<EtcdObservation> = {
  name: 'database_fragmented',
  scope: 'node',
  severity: 'info',
  graceMs: 30_000,
  keepFiringMs: 5000,
  description:
    'Most of the database file is free space inside: defragmenting would give it back to the disk.',
  source: 'etcd mixin: etcdExcessiveDatabaseSize, in use / total < 0.5 above 100 MiB',
  inhibitedBy: ['alarm_nospace'],
  check(observation, name) {
    const status = observation.nodes[name]?.status
    if (!status) return notSeen(observation.nodes[name])
    const { dbBytes, dbInUseBytes } = status
    if (dbInUseBytes === null) return notApplicable(`etcd ${status.version} does not tell what is in use`)
    if (dbBytes <= 100 * MiB || dbInUseBytes / dbBytes >= 0.5) return ok
    return violated(`${name}: ${percent(dbInUseBytes / dbBytes)} % of the database file is in use`, {
      dbBytes,
      dbInUseBytes,
    })
  },
}

const diskNearlyFull: Invariant<EtcdObservation> = {
  name: 'disk_nearly_full',
  scope: 'node',
  severity: 'critical',
  graceMs: 1000,
  keepFiringMs: 2000,
  description:
    'The disk under the data directory is nearly full; when it is, the member dies at its next write.',
  source:
    'node rules: available <= 20 % for 3 m; here <= 10 %, as preallocated segments take much of a small disk from the start',
  check(observation, name) {
    const node = observation.nodes[name]
    if (!node) return notSeen(node)
    // Without a path there is nothing to watch: that is the configuration, not a failed look.
    if (node.disk === undefined) return node.reach === 'answered' ? ok : notSeen(node)
    if (node.disk === null) return unknown(`the disk of ${name} cannot be read`)
    const { availableBytes, totalBytes } = node.disk
    if (availableBytes > totalBytes * 0.1) return ok
    return violated(`${name}: ${percent(availableBytes / totalBytes)} % of its disk is left`, {
      availableBytes,
      totalBytes,
    })
  },
}

const maxClockOffsetMs = 2000

/** Several members that are off by the same agree with each other: then it is our own clock that is off. */
function ownOffsetMs({ nodes }: EtcdObservation): number | null {
  const offsets = Object.values(nodes).flatMap(({ clockOffsetMs }) => clockOffsetMs ?? [])
  const [least, most] = [Math.min(...offsets), Math.max(...offsets)]
  const isCommon = offsets.length > 1 && most - least <= maxClockOffsetMs
  const isOff = least > maxClockOffsetMs || most < -maxClockOffsetMs
  return isCommon && isOff ? least : null
}

const seconds = (ms: number) => Math.round(ms / 1000)

const clockOff: Invariant<EtcdObservation> = {
  name: 'clock_off',
  scope: 'node',
  severity: 'warning',
  graceMs: 5000,
  keepFiringMs: 3000,
  description: "The member's clock differs from the monitor's: leases and certificates go wrong.",
  source: 'our own: the Date header has whole seconds, so only more than 2 s is sure',
  inhibitedBy: ['monitor_clock_off'],
  check(observation, name) {
    const offset = observation.nodes[name]?.clockOffsetMs
    if (offset == null) return notSeen(observation.nodes[name])
    if (Math.abs(offset) <= maxClockOffsetMs) return ok
    if (ownOffsetMs(observation) !== null) return unknown("the monitor's own clock is off")
    return violated(`the clock of ${name} is ${seconds(offset)} s off`, { offset })
  },
}

const monitorClockOff: Invariant<EtcdObservation> = {
  name: 'monitor_clock_off',
  scope: 'cluster',
  severity: 'warning',
  graceMs: 5000,
  keepFiringMs: 3000,
  description:
    "The clock of the monitor's machine differs from that of all members, which agree with each other.",
  source: 'our own: members that are off by the same are hardly all wrong',
  check(observation) {
    const offset = ownOffsetMs(observation)
    if (offset === null) return okIfAllTold(observation, ({ clockOffsetMs }) => clockOffsetMs !== null)
    return violated(`the clock here is ${seconds(-offset)} s off from that of all members`, {
      offset: -offset,
    })
  },
}

const share = { warning: 0.8, critical: 0.98 }

const descriptors = (
  name: string,
  severity: 'warning' | 'critical',
  inhibitedBy: readonly string[],
): Invariant<EtcdObservation> => ({
  name,
  scope: 'node',
  severity,
  graceMs: 3000,
  keepFiringMs: 3000,
  description:
    'Its process has nearly as many files and connections open as it may: new clients are not served, and it dies at its next file.',
  source: `etcd mixin: etcdExcessiveFileDescriptors; process_open_fds over process_max_fds, ${percent(share[severity])} %`,
  inhibitedBy: ['member_down', ...inhibitedBy],
  check(observation, node) {
    const seen = observation.nodes[node]
    if (!seen?.descriptors) return notSeen(seen)
    const { used, most } = seen.descriptors
    if (used < most * share[severity]) return ok
    return violated(`${node}: ${used} of ${most} file descriptors are open`, { used, most })
  },
})

export const space = [
  alarm('NOSPACE', 'The database has reached its quota: the cluster accepts reads and deletes only.'),
  alarm('CORRUPT', 'The member found its data to differ from the others: the cluster is read-only.'),
  diskNearlyFull,
  nearQuota,
  fragmented,
  clockOff,
  monitorClockOff,
  descriptors('descriptors_used_up', 'critical', []),
  descriptors('descriptors_nearly_used', 'warning', ['descriptors_used_up']),
]
