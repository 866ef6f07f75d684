import { once } from 'node:events'
import type { Access } from '../../core/watch/access.ts'
import type { Endpoints } from '../../core/watch/topology.ts'
import { plainEnv, self } from '../../daemon.ts'
import type { Cluster } from '../../lab/contract.ts'
import { endpointArgv } from '../../operate.ts'
import { spawn } from '../../spawn.ts'
import { subjectNamed } from '../../subjects/subjects.ts'
import type { Io } from '../terminal/io.ts'

const pollEveryMs = 30

/** Waits until the subject's observation finds every node healthy. Observes from inside the cluster's network. */
export async function waitFor(cluster: Cluster, timeoutMs: number, io: Io): Promise<void> {
  const waitArgv = ['lab', 'wait', '--subject', cluster.subject, ...endpointArgv(cluster.endpoints)]
  const [program = '', ...args] = cluster.join([...self(), ...waitArgv, '--timeout', `${timeoutMs}ms`])
  const child = spawn(program, args, { stdio: ['ignore', 'ignore', 'inherit'], env: plainEnv() })
  const stop = () => child.kill('SIGTERM')
  io.signal.addEventListener('abort', stop, { once: true })
  const [code] = await once(child, 'close')
  io.signal.removeEventListener('abort', stop)
  io.signal.throwIfAborted()
  if (code !== 0) throw new Error(`cluster ${cluster.id} did not become healthy`)
}

export interface Place {
  endpoints: Endpoints
  access: Access
}

/** Like `waitFor`, but observes from this process, without joining a network. */
export async function untilHealthy(name: string, { endpoints, access }: Place, timeoutMs: number, io: Io) {
  await using connection = subjectNamed(name).connect(endpoints, access)
  const end = io.clock.now() + timeoutMs
  for (;;) {
    const { nodes } = await connection.observe(io.signal)
    const ill = Object.entries(nodes).filter(([, node]) => node.healthy !== true)
    if (ill.length === 0) return
    if (io.clock.now() >= end) {
      for (const [node, { error }] of ill) io.note(`${node}: ${error ?? 'not healthy'}`)
      return io.answerNo()
    }
    await io.clock.sleep(pollEveryMs, io.signal)
  }
}
