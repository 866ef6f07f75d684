import { BadInput, MachineLacks } from '../../core/errors.ts'
import type { Lab } from '../contract.ts'
import { abilities } from './abilities.ts'
import { clusterOf, instanceOf } from './cluster.ts'
import { engine } from './engine/engine.ts'
import { aboutFrom, labels, pidIn } from './labels.ts'
import { containersOf } from './remove.ts'
import { up } from './up.ts'

/** Clusters of containers from the official images. Needs a Docker engine on this machine. */
export const docker: Lab = {
  name: 'docker',
  abilities,
  up,
  list: async () => {
    const bastions = await bastionsHere()
    const infos = bastions.map(({ Labels }) => {
      const about = aboutFrom(Labels[labels.about] ?? '')
      return {
        id: Labels[labels.id] ?? '',
        subject: about.subject,
        startedAt: about.startedAt,
        nodes: about.nodes.map(({ name }) => name),
        ownerPid: pidIn(Labels[labels.owner] ?? ''),
      }
    })
    return infos.toSorted((a, b) => a.startedAt - b.startedAt)
  },
  attach: async (id) => {
    const running = (await bastionsHere()).map(({ Labels }) => Labels[labels.id] ?? '')
    if (!running.includes(id))
      throw new BadInput(`no cluster '${id}' is running; running: ${running.join(', ') || 'none'}`)
    const own = engine()
    return clusterOf(own, await instanceOf(own, id), async () => undefined)
  },
}

/** Returns no clusters where there is no engine. */
async function bastionsHere() {
  const containers = await containersOf(engine()).catch((error) => {
    if (error instanceof MachineLacks) return []
    throw error
  })
  return containers.filter(({ Labels, State }) => Labels[labels.role] === 'bastion' && State === 'running')
}
