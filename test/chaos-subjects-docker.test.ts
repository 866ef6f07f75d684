import { describe } from 'node:test'
import { docker } from '../src/lab/docker/docker.ts'
import { chaosConformance } from './conformance/chaos.ts'
import { playsAll } from './standins/all.ts'
import { etcdArena } from './standins/arena.ts'
import { damagesOf, ofEtcd, ofTikv, onEtcd, onTikv } from './standins/damages.ts'
import { noDocker } from './standins/docker.ts'
import { tikvArena } from './standins/tikv/arena.ts'

/** One way to use a type is enough here: what differs between labs is how it gets there. */
const firstOf = <T>(ways: Record<string, T[]>): Record<string, T[]> =>
  Object.fromEntries(Object.entries(ways).map(([name, all]) => [name, all.slice(0, 1)]))

const skip = await noDocker()
describe('docker', { skip }, async () => {
  if (playsAll) {
    chaosConformance(docker, etcdArena, [
      ...(await damagesOf(docker, onEtcd, true)),
      ...(await damagesOf(docker, ofEtcd)),
    ])
    chaosConformance(docker, tikvArena, [
      ...(await damagesOf(docker, onTikv, true)),
      ...(await damagesOf(docker, ofTikv)),
    ])
  } else {
    const { latency = [] } = onEtcd
    chaosConformance(docker, etcdArena, await damagesOf(docker, { latency, ...firstOf(ofEtcd) }, true))
    const { node_kill = [] } = onTikv
    chaosConformance(docker, tikvArena, await damagesOf(docker, { node_kill, ...ofTikv }, true))
  }
})
