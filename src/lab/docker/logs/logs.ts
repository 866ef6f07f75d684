import { once } from 'node:events'
import { boundedOutput } from '../../output.ts'
import type { Engine } from '../engine/engine.ts'
import { unframed } from '../engine/frames.ts'

/** Lines may have any length, and the node may write while they are read. */
const patienceMs = 10_000
const mostBytes = 512 * 1024

/** The last lines that a container's process wrote, both streams in their order. */
export async function logsOf(engine: Engine, container: string, lines: number): Promise<string> {
  const stream = await engine.stream('GET', `/containers/${container}/logs`, {
    query: { stdout: '1', stderr: '1', tail: String(lines) },
    signal: AbortSignal.timeout(patienceMs),
  })
  const output = boundedOutput(mostBytes)
  stream.on(
    'data',
    unframed((_, chunk) => output.add(chunk)),
  )
  await once(stream, 'end')
  return output.text()
}
