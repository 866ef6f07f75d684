import { readFileSync } from 'node:fs'
import type { Subject } from '../../core/watch/subject.ts'
import { canaries } from './canaries.ts'
import { extras } from './extras/extras.ts'
import { facts } from './facts.ts'
import { invariants } from './invariants.ts'
import type { TikvObservation } from './observe/observation.ts'
import { connect } from './observe/observe.ts'
import { runbook } from './runbook.ts'
import { topology } from './topology.ts'
import { workload } from './workload.ts'

export const tikv: Subject<TikvObservation> = {
  name: 'tikv',
  title: 'TiKV, the distributed key-value store, with PD (5.0 and later)',
  invariants,
  connect,
  facts,
  prompt: readFileSync(new URL('./prompt.md', import.meta.url), 'utf8'),
  topology,
  extras,
  workload,
  canaries: (endpoints) => canaries(endpoints),
  // Its files may be compressed: that they are there is all that they show. Each region has three replicas.
  storage: {
    pd: { file: 'data/member/snap/db', needed: majorityOf },
    tikv: { file: 'data/db/CURRENT', needed: (stores) => Math.min(2, stores) },
  },
  runbook,
}

function majorityOf(nodes: number): number {
  return Math.floor(nodes / 2) + 1
}
