import { type Invariant, isThere, notApplicable, ok, unknown, type Verdict, violated } from 'operator-sre'
import type { Info, RedisNode, RedisObservation } from './observe.ts'

type Check = (info: Info, node: string, observation: RedisObservation) => Verdict

/** A check of one node's own words. What was not said is unknown. */
const said =
  (check: Check): Invariant<RedisObservation>['check'] =>
  (observation, node) => {
    const info = observation.nodes[node]?.info
    return info ? check(info, node, observation) : unknown(`${node} could not be asked`)
  }

const infos = ({ nodes }: RedisObservation) =>
  Object.entries(nodes).flatMap(([name, { info }]) => (info ? [{ name, info }] : []))
const primaries = (observation: RedisObservation) =>
  infos(observation).filter(({ info }) => info.role === 'master')
const unseen = ({ nodes }: RedisObservation) =>
  Object.entries(nodes)
    .filter(([, { info }]) => !info)
    .map(([name]) => name)

const lagLimitBytes = 1024 * 1024
const memoryLimitPercent = 90
const mib = (bytes: number) => `${(bytes / 1024 / 1024).toFixed(1)} MiB`

export const invariants: readonly Invariant<RedisObservation>[] = [
  {
    name: 'node_down',
    scope: 'node',
    severity: 'critical',
    graceMs: 1000,
    keepFiringMs: 1000,
    explainsUnobservable: true,
    description:
      'A node does not answer: without the primary nothing can be written, without a replica one copy less is kept.',
    source: 'our own: any TCP connection and INFO are answered by every Redis that lives',
    check: ({ nodes }, node) => isThere(node, nodes[node] as RedisNode),
  },
  {
    name: 'no_primary',
    scope: 'cluster',
    severity: 'critical',
    graceMs: 1000,
    keepFiringMs: 1000,
    inhibitedBy: ['node_down'],
    description: 'Every node is a replica, so nobody takes writes.',
    source: 'redis.io/docs/latest/operate/oss_and_stack/management/replication: replicas are read-only',
    check: (observation) => {
      if (primaries(observation).length > 0) return ok
      const blind = unseen(observation)
      if (blind.length > 0) return unknown(`${blind.join(', ')} could not be asked`)
      return violated('no node is a primary: nobody takes writes')
    },
  },
  {
    name: 'several_primaries',
    scope: 'cluster',
    severity: 'critical',
    graceMs: 1000,
    keepFiringMs: 1000,
    description: 'Two nodes take writes, and what one of them takes is lost when it becomes a replica again.',
    source:
      'redis.io/docs/latest/operate/oss_and_stack/management/replication: a replica drops its own data set',
    check: (observation) => {
      const names = primaries(observation).map(({ name }) => name)
      if (names.length > 1)
        return violated(`${names.join(' and ')} are both primaries`, { primaries: names.length })
      const blind = unseen(observation)
      return blind.length > 0 ? unknown(`${blind.join(', ')} could not be asked`) : ok
    },
  },
  {
    name: 'same_process',
    scope: 'cluster',
    severity: 'critical',
    graceMs: 1000,
    keepFiringMs: 1000,
    description: 'Two endpoints lead to one process, so one of the nodes is missing.',
    source: 'our own: INFO has a run_id of its own for each process',
    check: (observation) => {
      const seen = infos(observation)
      const twice = seen.filter(({ info }, i) =>
        seen.some((other, j) => i !== j && other.info.runId === info.runId),
      )
      if (twice.length > 0) return violated(`${twice.map(({ name }) => name).join(' and ')} are one process`)
      const blind = unseen(observation)
      return blind.length > 0 ? unknown(`${blind.join(', ')} could not be asked`) : ok
    },
  },
  {
    name: 'replication_link_down',
    scope: 'node',
    severity: 'critical',
    graceMs: 2000,
    keepFiringMs: 1000,
    // The link of a replica to a dead primary is down as a consequence.
    inhibitedAnywhereBy: ['node_down'],
    inhibitedBy: ['no_primary'],
    description: 'A replica has lost its primary: its data grow old, and it is no copy any more.',
    source: 'awesome-prometheus-alerts, RedisReplicationBroken; INFO master_link_status',
    check: said(({ link }, node) => {
      if (!link || link.up) return ok
      return violated(`${node} has no link to its primary ${link.primary}`, { primary: link.primary })
    }),
  },
  {
    name: 'replica_lag',
    scope: 'node',
    severity: 'warning',
    graceMs: 5000,
    keepFiringMs: 2000,
    inhibitedBy: ['replication_link_down', 'node_down'],
    description: 'A replica is far behind its primary: a failover to it would lose what it has not applied.',
    source:
      'our own: 1 MiB is the default of repl-backlog-size, past which a break of the link costs a full copy',
    check: said((info, node, observation) => {
      if (info.role === 'master') return ok
      const [primary, ...others] = primaries(observation)
      // That there is not one primary has a ticket of its own.
      if (!primary || others.length > 0) return notApplicable('there is no one primary to compare with')
      const bytes = primary.info.offset - info.offset
      if (bytes <= lagLimitBytes) return ok
      return violated(`${node} is ${mib(bytes)} behind ${primary.name}`, { bytes })
    }),
  },
  {
    name: 'memory_near_limit',
    scope: 'node',
    severity: 'warning',
    graceMs: 2000,
    keepFiringMs: 2000,
    description: 'Memory is nearly at maxmemory: soon writes are refused, or keys are evicted.',
    source: 'awesome-prometheus-alerts, RedisOutOfConfiguredMaxmemory: 90 %',
    check: said(({ usedBytes, maxBytes }, node) => {
      if (maxBytes === 0) return notApplicable('maxmemory is not set')
      const percent = Math.round((100 * usedBytes) / maxBytes)
      if (percent < memoryLimitPercent) return ok
      return violated(`${node} uses ${percent} % of its ${mib(maxBytes)}`, { percent, max_bytes: maxBytes })
    }),
  },
  {
    name: 'persistence_failing',
    scope: 'node',
    severity: 'critical',
    graceMs: 1000,
    keepFiringMs: 1000,
    description:
      'The last snapshot or the last write to the append-only file failed; a restart would lose data.',
    source:
      'awesome-prometheus-alerts, RedisMissingBackup; INFO rdb_last_bgsave_status, aof_last_write_status',
    check: said(({ snapshotOk, logOk }, node) => {
      if (snapshotOk && logOk) return ok
      return violated(`${node} could not ${logOk ? 'save its snapshot' : 'write its append-only file'}`)
    }),
  },
  {
    name: 'rejecting_connections',
    scope: 'node',
    severity: 'warning',
    graceMs: 1000,
    keepFiringMs: 5000,
    description: 'The node has refused connections since the last look: maxclients is reached.',
    source: 'awesome-prometheus-alerts, RedisRejectedConnections',
    check: said(({ rejected }, node) => {
      if (rejected === null) return notApplicable('a rate needs two looks')
      return rejected === 0
        ? ok
        : violated(`${node} refused ${rejected} connections since the last look`, { rejected })
    }),
  },
  {
    name: 'replica_writable',
    scope: 'node',
    severity: 'warning',
    graceMs: 2000,
    keepFiringMs: 1000,
    description: 'A replica takes writes of clients, which its primary never learns of.',
    source: 'redis.conf, replica-read-only',
    check: said(({ role, readOnly }, node) =>
      role === 'slave' && !readOnly ? violated(`${node} is a replica and takes writes`) : ok,
    ),
  },
]
