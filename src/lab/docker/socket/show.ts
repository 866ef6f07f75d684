import { labels } from '../labels.ts'
import type { Own } from './own.ts'
import type { Route } from './route.ts'

type Json = Record<string, unknown>

/** Filters an answer: shows only the cluster's own objects and nothing about who made it. */
export function shown(show: NonNullable<Route['show']>, answer: unknown, own: Own): unknown {
  switch (show) {
    case 'containers':
      return (answer as Json[])
        .filter(({ Id }) => own.containers.some(({ id }) => id === Id))
        .map((one) => ({ ...one, Labels: plainLabels(one.Labels), Mounts: [] }))
    case 'container':
      return container(answer as Json)
    case 'images':
      return (answer as Json[]).flatMap((image) => {
        const RepoTags = ((image.RepoTags ?? []) as string[]).filter((tag) => own.images.includes(tag))
        return RepoTags.length > 0 ? [{ ...image, RepoTags, RepoDigests: [], Containers: -1 }] : []
      })
    case 'image':
      return { ...(answer as Json), GraphDriver: noDriver(answer as Json) }
    case 'networks':
      return (answer as Json[]).filter(({ Name }) => Name === own.network).map((one) => network(one, own))
    case 'network':
      return network(answer as Json, own)
    case 'created':
      return answer
    default:
      return show satisfies never
  }
}

function container(inspected: Json): Json {
  const config = inspected.Config as Json
  const host = inspected.HostConfig as Json
  const { ExecIDs: _, LogPath: __, HostsPath: ___, HostnamePath: ____, ...rest } = inspected
  return {
    ...rest,
    GraphDriver: noDriver(inspected),
    ResolvConfPath: '',
    Config: { ...config, Labels: plainLabels(config.Labels) },
    // Sources of mounts are paths of the host.
    HostConfig: { ...host, Binds: null, Mounts: null },
    Mounts: ((inspected.Mounts ?? []) as Json[]).map((mount) => ({ ...mount, Source: '' })),
  }
}

/** Hides where a container keeps its files on the host. */
const noDriver = ({ GraphDriver }: Json): Json => ({
  Name: (GraphDriver as Json | undefined)?.Name ?? '',
  Data: null,
})

function network(inspected: Json, own: Own): Json {
  const there = Object.entries((inspected.Containers ?? {}) as Json)
  const ours = there.filter(([id]) => own.containers.some((one) => one.id === id))
  return { ...inspected, Labels: {}, Containers: Object.fromEntries(ours) }
}

function plainLabels(all: unknown): Json {
  const own: readonly string[] = Object.values(labels)
  return Object.fromEntries(Object.entries((all ?? {}) as Json).filter(([name]) => !own.includes(name)))
}
