import { BadInput } from '../core/errors.ts'
import type { ChaosType } from './chaos-type.ts'
import { badConfig } from './etcd/bad_config.ts'
import { dataCorruption } from './etcd/data_corruption.ts'
import { memberRemoved } from './etcd/member_removed.ts'
import { nospaceAlarm } from './etcd/nospace_alarm.ts'
import { bandwidth } from './generic/bandwidth.ts'
import { cpuThrottle } from './generic/cpu_throttle.ts'
import { diskPressure } from './generic/disk_pressure.ts'
import { latency } from './generic/latency.ts'
import { networkPartition } from './generic/network_partition.ts'
import { nodeKill } from './generic/node_kill.ts'
import { noise } from './generic/noise.ts'
import { none } from './generic/none.ts'
import { packetLoss } from './generic/packet_loss.ts'
import { pause } from './generic/pause.ts'
import { pauseGrpc } from './tikv/pause_grpc.ts'

/** Every chaos type, by the name that is typed. */
export const chaosTypes: Record<string, ChaosType> = {
  none: none as ChaosType,
  noise: noise as ChaosType,
  node_kill: nodeKill as ChaosType,
  pause: pause as ChaosType,
  latency: latency as ChaosType,
  packet_loss: packetLoss as ChaosType,
  bandwidth: bandwidth as ChaosType,
  network_partition: networkPartition as ChaosType,
  disk_pressure: diskPressure as ChaosType,
  cpu_throttle: cpuThrottle as ChaosType,
  nospace_alarm: nospaceAlarm as ChaosType,
  bad_config: badConfig as ChaosType,
  data_corruption: dataCorruption as ChaosType,
  member_removed: memberRemoved as ChaosType,
  pause_grpc: pauseGrpc as ChaosType,
}

/** @throws BadInput for a name that is taken. */
export function addChaosType(type: ChaosType): void {
  if (Object.hasOwn(chaosTypes, type.name)) throw new BadInput(`there is a chaos type '${type.name}' already`)
  chaosTypes[type.name] = type
}
