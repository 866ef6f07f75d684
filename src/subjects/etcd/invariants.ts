import type { Invariant } from '../../core/watch/invariant.ts'
import { access } from './invariants/access.ts'
import { agreement } from './invariants/agreement.ts'
import { liveness } from './invariants/liveness.ts'
import { pace } from './invariants/pace.ts'
import { space } from './invariants/space.ts'
import type { EtcdObservation } from './observe/observation.ts'

/** Most telling first. */
export const invariants: readonly Invariant<EtcdObservation>[] = [
  ...liveness,
  ...access,
  ...agreement,
  ...space,
  ...pace,
]
