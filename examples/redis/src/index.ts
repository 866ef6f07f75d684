import { readFileSync } from 'node:fs'
import { defineSubject } from 'operator-sre'
import { facts } from './facts.ts'
import { invariants } from './invariants.ts'
import { connect, type RedisObservation } from './observe.ts'
import { runbook } from './runbook.ts'
import { topology } from './topology.ts'
import { workload } from './workload.ts'

export { redisReadonly } from './redis_readonly.ts'

export const redis = defineSubject<RedisObservation>({
  name: 'redis',
  title: 'Redis: a primary and its replicas',
  prompt: readFileSync(new URL('prompt.md', import.meta.url), 'utf8'),
  invariants,
  connect: (endpoints, options) => {
    const password = options?.credentials
    return connect(endpoints, password && ['AUTH', password.user, password.password])
  },
  facts,
  topology,
  workload,
  storage: { redis: { file: 'appendonlydir/appendonly.aof.manifest', needed: () => 1 } },
  runbook,
})
