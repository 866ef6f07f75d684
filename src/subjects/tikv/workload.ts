import type { Workload, WorkloadOptions } from '../../core/watch/subject.ts'
import type { Endpoints } from '../../core/watch/topology.ts'
import { keyValueWorkload } from '../shared/load/workload.ts'
import { kindOf } from './observe/nodes.ts'
import { rawKeyValue } from './raw-kv.ts'

/** Prefixes of keys, as applications have tables. With many keys TiKV keeps them in several regions. */
const tables = ['carts/', 'orders/', 'users/']

/** As many clients for each store as are asked for. Every client finds its way through PD. */
export function workload(
  endpoints: Endpoints,
  options: WorkloadOptions,
  more: { readBackMs?: number } = {},
): Workload {
  const stores = Object.entries(endpoints).filter(([name, endpoint]) => kindOf(name, endpoint) === 'tikv')
  const entryPoints = stores.map((_, i) => ({
    prefix: tables[i % tables.length] ?? '',
    open: () => rawKeyValue(endpoints),
  }))
  return keyValueWorkload(entryPoints, options, more)
}
