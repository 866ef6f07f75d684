import { asked, small, writable } from '../bounds.ts'
import type { Engine } from '../engine/engine.ts'
import { volumesIn } from '../engine/images.ts'
import { hiddenRoles, labels } from '../labels.ts'
import { Refused } from './bodies.ts'
import { mayReach, type Own, ownOf, resolve } from './own.ts'
import type { Route } from './route.ts'
import { type Found, routeFor } from './routes.ts'

export interface Asked {
  method: string
  /** The path as it came, undecoded. */
  url: string
  body: unknown
  /** Whether the connection is to become a stream. */
  upgraded: boolean
}

export type Decision =
  | { kind: 'refused'; status: number; reason: string }
  | {
      kind: 'passed'
      route: Route
      own: Own
      method: string
      /** The path for the engine, built from full ids only, without any text of the request. */
      path: string
      query: Record<string, string>
      /** undefined: none. */
      body?: unknown
    }

/** Limit of containers that may be made from inside. */
const mostExtras = 8

/** Denies by default. The request is built anew; only checked values of its own text remain. */
export async function decide(
  docker: Engine,
  id: string,
  execs: ReadonlySet<string>,
  { method, url, body, upgraded }: Asked,
): Promise<Decision> {
  const [path = '', search = '', ...more] = url.split('?')
  // No escapes, dots or double slashes: two parsers may read such a path differently.
  const plain = /^\/(?:v1\.\d{1,2}\/)?((?:[\w:@-][\w.:@-]*\/)*[\w:@-][\w.:@-]*)$/.exec(path)?.[1]
  if (plain === undefined || more.length > 0 || plain.includes('..')) return no(403, 'no such path here')
  const found = routeFor(method, plain)
  if (!found) return no(403, `${method} /${plain} is not allowed here`)
  const own = await ownOf(docker, id)
  const query = queryOf(found.route, search, own)
  const target = targetOf(found, own, execs)
  if (typeof target !== 'string') return target
  const shaped = found.route.body?.(body, own)
  const detached = (shaped as { Detach?: boolean } | undefined)?.Detach === true
  if (upgraded !== (found.route.upgrade === true && !detached))
    return no(400, upgraded ? 'this is no stream' : 'this takes an upgraded connection')
  const making = found.route.path === 'containers/create'
  if (making) requireRoom(own, query.name)
  return {
    kind: 'passed',
    route: found.route,
    own,
    method,
    path: target,
    query,
    ...(shaped !== undefined && { body: making ? await made(docker, shaped as Made, id, own) : shaped }),
  }
}

const no = (status: number, reason: string): Decision & { kind: 'refused' } => ({
  kind: 'refused',
  status,
  reason,
})

function targetOf({ route, name }: Found, own: Own, execs: ReadonlySet<string>) {
  if (name === null) return `/${route.path}`
  const put = (value: string) => `/${route.path.replace(/:\w+/, value)}`
  const [variable] = /:\w+/.exec(route.path) ?? []
  switch (variable) {
    case ':container': {
      const container = resolve(own, name)
      if (!container) return no(404, `No such container: ${name}`)
      if (!mayReach(container, route.of ?? 'extra'))
        return no(403, `${route.method} ${route.path.split('/').at(-1)} of ${name} is not allowed here`)
      return put(container.id)
    }
    case ':exec':
      return execs.has(name) ? put(name) : no(404, `No such exec instance: ${name}`)
    case ':image':
      return own.images.includes(name) ? put(name) : no(404, `No such image: ${name}`)
    default:
      return name === own.network ? put(name) : no(404, `network ${name} not found`)
  }
}

/** @throws Refused */
function queryOf(route: Route, search: string, own: Own): Record<string, string> {
  const query: Record<string, string> = {}
  for (const [name, value] of new URLSearchParams(search)) {
    const allowed = Object.hasOwn(route.query ?? {}, name) ? route.query?.[name] : undefined
    // A default of the CLI, which means nothing.
    if (!allowed && (value === '' || value === '0' || value === 'false')) continue
    if (!allowed) throw new Refused(`parameter ${name} is not allowed here`)
    if (Object.hasOwn(query, name)) throw new Refused(`parameter ${name} comes twice`)
    if (!allowed.test(value))
      throw new Refused(`parameter ${name}: '${value.slice(0, 100)}' is not allowed here`)
    query[name] = value
  }
  if (route.show !== 'containers') return query
  return { ...query, filters: JSON.stringify(filtersOf(query.filters, own)) }
}

const filterNames = ['name', 'id', 'status', 'ancestor', 'exited', 'health', 'label']

/** The requested filters, and the cluster's own label. */
function filtersOf(text: string | undefined, own: Own): Record<string, string[]> {
  const asked = text ? (JSON.parse(text) as Record<string, unknown>) : {}
  const filters: Record<string, string[]> = {}
  for (const [name, values] of Object.entries(asked ?? {})) {
    if (!filterNames.includes(name)) throw new Refused(`filter ${name} is not allowed here`)
    const list = Array.isArray(values) ? values : Object.keys((values ?? {}) as object)
    filters[name] = list.map(String)
  }
  return { ...filters, label: [...(filters.label ?? []), `${labels.id}=${own.network}`] }
}

function requireRoom(own: Own, name: string | undefined): void {
  if (own.containers.filter(({ role }) => role === 'extra').length >= mostExtras)
    throw new Refused(`${mostExtras} containers are here already: remove one first`)
  // Otherwise the engine's error would name a foreign container that uses the name.
  if (name !== undefined && !name.startsWith(`${own.network}-`))
    throw new Refused(`name ${name}: it has to start with ${own.network}-`)
  // Hidden names are refused, too, whether they exist or not, so that the lab finds them free later.
  if (name !== undefined && hidden(own.network).test(name)) throw new Refused(`name ${name}: choose another`)
}

const hidden = (id: string): RegExp => new RegExp(`^${id}-(${hiddenRoles.join('|')})(-|$)`)

interface Made {
  Image: string
  HostConfig: object
}

/** The new container is marked as part of the cluster, so that it ends with it, and limited. */
async function made(docker: Engine, body: Made, id: string, own: Own) {
  const marks = { [labels.id]: id, [labels.owner]: own.owner }
  const folders = { ...asked(await volumesIn(docker, body.Image)), ...small }
  return {
    ...body,
    Labels: { ...marks, [labels.role]: 'extra' },
    HostConfig: { ...body.HostConfig, ...writable(marks, folders) },
  }
}
