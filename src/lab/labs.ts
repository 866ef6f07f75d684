import { BadInput } from '../core/errors.ts'
import type { Cluster, Lab } from './contract.ts'
import { docker } from './docker/docker.ts'
import { netns } from './netns/netns.ts'

/** Every lab, by the name that is typed. */
export const labs: Record<string, Lab> = { netns, docker }

export function labNamed(name: string): Lab {
  const lab = Object.hasOwn(labs, name) ? labs[name] : undefined
  if (!lab) throw new BadInput(`no lab is named '${name}'; known: ${Object.keys(labs).join(', ')}`)
  return lab
}

/** A handle on a running cluster of any lab. */
export async function attachCluster(id: string): Promise<Cluster> {
  const running: string[] = []
  for (const lab of Object.values(labs)) {
    const ids = (await lab.list()).map((info) => info.id)
    if (ids.includes(id)) return lab.attach(id)
    running.push(...ids)
  }
  throw new BadInput(
    `no cluster '${id}' is running; running: ${running.join(', ') || 'none (operator lab up etcd)'}`,
  )
}
