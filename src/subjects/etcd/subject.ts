import { readFileSync } from 'node:fs'
import type { Subject } from '../../core/watch/subject.ts'
import { canaries } from './canaries.ts'
import { facts } from './facts.ts'
import { invariants } from './invariants.ts'
import type { EtcdObservation } from './observe/observation.ts'
import { connect } from './observe/observe.ts'
import { runbook } from './runbook.ts'
import { topology } from './topology.ts'
import { workload } from './workload.ts'

export const etcd: Subject<EtcdObservation> = {
  name: 'etcd',
  title: 'etcd, the replicated key-value store (3.4 and later)',
  invariants,
  connect,
  facts,
  prompt: readFileSync(new URL('./prompt.md', import.meta.url), 'utf8'),
  topology,
  workload,
  // An operation takes 2 ms of the members' processors: with 25/s a client they were 40 % of what a trial costs. What the oracle
  // sees with fewer: docs/oracles.md.
  load: { clients: 2, opsPerSecond: 10 },
  canaries: (endpoints) => canaries(endpoints),
  // Its database: whatever it acknowledged is in there a tenth of a second later.
  storage: { etcd: { file: 'data/member/snap/db', marked: true, needed: majorityOf } },
  runbook,
}

function majorityOf(nodes: number): number {
  return Math.floor(nodes / 2) + 1
}
