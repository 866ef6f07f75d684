import { once } from 'node:events'
import type { Link } from '../delay.ts'
import { type Engine, tolerating } from './engine/engine.ts'
import { execIn } from './engine/exec.ts'
import { unframed } from './engine/frames.ts'
import { toolsImage } from './engine/images.ts'
import { containerName, labels } from './labels.ts'

interface Place {
  engine: Engine
  /** Id of the cluster. */
  id: string
  node: string
  /** The label of the cluster's keeper, which also removes what is made later. */
  owner: string
}

const patienceMs = 10_000

/** A node's network, through its link container. A relay is a container of its own in that network. */
export function linkOf({ engine, id, node, owner }: Place): Link {
  const link = containerName(id, 'link', node)
  const relay = containerName(id, 'delay', node)
  const remove = () =>
    tolerating([404, 409], engine.ask('DELETE', `/containers/${relay}`, { query: { force: '1', v: '1' } }))
  return {
    sh: (script) => execIn(engine, link, ['sh', '-c', script]),
    startRelay: async (argv, putRest) => {
      await engine.ask('POST', '/containers/create', {
        query: { name: relay },
        body: {
          // No other process can reach its input. So it is told to continue at once, and removed when a later step fails.
          Image: toolsImage,
          Cmd: ['bash', '-c', 'exec "$@" <<<stay', '_', ...argv, 'self'],
          User: '0',
          Labels: { [labels.id]: id, [labels.owner]: owner, [labels.role]: 'delay', [labels.node]: node },
          HostConfig: {
            NetworkMode: `container:${link}`,
            CapDrop: ['ALL'],
            CapAdd: ['NET_ADMIN'],
            PidsLimit: 8,
            Memory: 64 * 2 ** 20,
            ReadonlyRootfs: true,
            LogConfig: { Type: 'json-file' },
          },
        },
      })
      try {
        await engine.ask('POST', `/containers/${relay}/start`)
        const said = await firstWordOf(engine, relay)
        if (said !== 'ready') throw new Error(`no delay without netem: the relay ended: ${said}`)
        await putRest()
      } catch (error) {
        await remove()
        throw error
      }
    },
    hasRelay: async () => (await tolerating([404], engine.ask('GET', `/containers/${relay}/json`))) !== null,
    endRelay: async () => {
      await tolerating([404, 409], engine.ask('POST', `/containers/${relay}/stop`, { query: { t: '2' } }))
      await remove()
    },
  }
}

async function firstWordOf(engine: Engine, container: string): Promise<string> {
  const stream = await engine.stream('GET', `/containers/${container}/logs`, {
    query: { stdout: '1', stderr: '1', follow: '1' },
    signal: AbortSignal.timeout(patienceMs),
  })
  let said = ''
  stream.on(
    'data',
    unframed((_, chunk) => {
      said += chunk
      stream.emit('word')
    }),
  )
  await Promise.race([once(stream, 'word'), once(stream, 'end')])
  stream.destroy()
  return said.trim()
}
