import { docker } from '../../src/lab/docker/docker.ts'
import { engine } from '../../src/lab/docker/engine/engine.ts'
import { labels } from '../../src/lab/docker/labels.ts'
import type { Container } from '../../src/lab/docker/remove.ts'

/**
 * Why tests with a Docker engine cannot run here; false: they can. They take only an engine that was made for them
 * (scripts/docker-engine): stand-ins with the names of official images are nothing for anybody's own.
 */
export async function noDocker(): Promise<string | false> {
  if (!process.env.OPERATOR_TEST_ENGINE)
    return process.env.OPERATOR_NO_TEST_ENGINE ?? 'run it by: scripts/docker-engine run node --test FILE'
  const { clusters } = await docker.abilities()
  return clusters.can ? false : clusters.why
}

/** Containers of everybody, running or not. */
export const allContainers = (): Promise<Container[]> =>
  engine().ask('GET', '/containers/json', { query: { all: '1' } })

/** Whatever the engine has of a cluster: names of containers, networks and volumes. */
export async function leftOf(id: string): Promise<string[]> {
  const query = { all: '1', filters: JSON.stringify({ label: [`${labels.id}=${id}`] }) }
  const own = engine()
  const [containers, networks, { Volumes }] = await Promise.all([
    own.ask<Container[]>('GET', '/containers/json', { query }),
    own.ask<{ Name: string }[]>('GET', '/networks', { query }),
    own.ask<{ Volumes: { Name: string }[] | null }>('GET', '/volumes', { query }),
  ])
  return [
    ...containers.flatMap(({ Names }) => Names),
    ...[...networks, ...(Volumes ?? [])].map(({ Name }) => Name),
  ]
}
