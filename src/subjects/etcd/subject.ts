import { readFileSync } from 'node:fs'
import type { Subject } from '../../core/subject.ts'
import { canaries } from './canaries.ts'
import { facts } from './facts.ts'
import { invariants } from './invariants.ts'
import type { EtcdObservation } from './observation.ts'
import { connect } from './observe.ts'
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
  canaries: (endpoints) => canaries(endpoints),
  // Its database: whatever it acknowledged is in there a tenth of a second later.
  storage: { etcd: { file: 'data/member/snap/db', marked: true, needed: majorityOf } },
  runbook,
}

function majorityOf(nodes: number): number {
  return Math.floor(nodes / 2) + 1
}
