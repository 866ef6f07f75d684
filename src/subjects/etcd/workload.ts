import { type Clock, systemClock } from '../../core/clock.ts'
import type { Workload, WorkloadOptions } from '../../core/watch/subject.ts'
import type { Endpoints } from '../../core/watch/topology.ts'
import { keyValueWorkload } from '../shared/load/workload.ts'
import { keyValue } from './kv.ts'

/** Clients at every member, each with a connection of its own. */
export function workload(
  endpoints: Endpoints,
  options: WorkloadOptions,
  { clock = systemClock, ...more }: { clock?: Clock; readBackMs?: number } = {},
): Workload {
  const entryPoints = Object.values(endpoints).map(({ url }) => ({
    prefix: 'app/orders/',
    open: () => keyValue(url, clock, options.access),
  }))
  return keyValueWorkload(entryPoints, options, { clock, ...more })
}
