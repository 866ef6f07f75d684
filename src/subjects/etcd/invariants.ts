import type { Invariant } from '../../core/watch/invariant.ts'
import { newClientInvariants } from '../shared/new-clients.ts'
import { agreement } from './invariants/agreement.ts'
import { liveness } from './invariants/liveness.ts'
import { pace } from './invariants/pace.ts'
import { space } from './invariants/space.ts'
import type { EtcdObservation } from './observe/observation.ts'

/** Most telling first. */
export const invariants: readonly Invariant<EtcdObservation>[] = [
  ...liveness,
  ...newClientInvariants<EtcdObservation>({
    down: 'member_down',
    alsoExplainedBy: ['descriptors_used_up'],
    asked: 'GET /version, which each member answers by itself',
  }),
  ...agreement,
  ...space,
  ...pace,
]
