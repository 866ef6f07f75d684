import { createBody, execBody, execStartBody, updateBody } from './bodies.ts'
import type { Route } from './route.ts'

const flag = /^(0|1|true|false|)$/i
const number = /^-?\d{1,9}$/
// No `=`: the engine runs ps on the host, and shows what has one of the container's numbers in a column named PID.
const words = /^[\w ,-]{0,200}$/
const signal = /^[A-Za-z0-9+]{1,12}$/
const time = /^[\w.:+-]{0,40}$/
const file = /^[^\0]{1,4096}$/
const keys = /^[\w@,^-]{0,40}$/
const follow = { stdin: flag, stdout: flag, stderr: flag, logs: flag, stream: flag, detachKeys: keys }

const routes: readonly Route[] = [
  { method: 'GET', path: '_ping' },
  { method: 'HEAD', path: '_ping' },
  { method: 'GET', path: 'version' },

  {
    method: 'GET',
    path: 'containers/json',
    query: { all: flag, limit: number, size: flag, filters: /^[\s\S]{0,4096}$/ },
    show: 'containers',
  },
  { method: 'GET', path: 'containers/:container/json', query: { size: flag }, of: 'any', show: 'container' },
  {
    method: 'GET',
    path: 'containers/:container/logs',
    query: {
      stdout: flag,
      stderr: flag,
      follow: flag,
      timestamps: flag,
      details: flag,
      since: time,
      until: time,
      tail: /^(all|\d{1,9})$/,
    },
    of: 'any',
  },
  { method: 'GET', path: 'containers/:container/top', query: { ps_args: words }, of: 'any' },
  {
    method: 'GET',
    path: 'containers/:container/stats',
    query: { stream: flag, 'one-shot': flag },
    of: 'any',
  },
  { method: 'GET', path: 'containers/:container/changes', of: 'any' },
  { method: 'HEAD', path: 'containers/:container/archive', query: { path: file }, of: 'any' },
  { method: 'GET', path: 'containers/:container/archive', query: { path: file }, of: 'any' },
  {
    method: 'PUT',
    path: 'containers/:container/archive',
    query: { path: file, noOverwriteDirNonDir: flag, copyUIDGID: flag },
    of: 'any',
    stream: true,
  },
  { method: 'POST', path: 'containers/:container/start', query: { detachKeys: keys }, of: 'process' },
  { method: 'POST', path: 'containers/:container/stop', query: { t: number, signal }, of: 'process' },
  { method: 'POST', path: 'containers/:container/restart', query: { t: number, signal }, of: 'process' },
  { method: 'POST', path: 'containers/:container/kill', query: { signal }, of: 'process' },
  { method: 'POST', path: 'containers/:container/pause', of: 'process' },
  { method: 'POST', path: 'containers/:container/unpause', of: 'process' },
  { method: 'POST', path: 'containers/:container/update', of: 'process', body: updateBody },
  {
    method: 'POST',
    path: 'containers/:container/wait',
    query: { condition: /^[a-z-]{0,20}$/ },
    of: 'process',
  },

  { method: 'POST', path: 'containers/:container/exec', of: 'any', body: execBody, show: 'created' },
  { method: 'POST', path: 'exec/:exec/start', body: execStartBody, upgrade: true },
  { method: 'GET', path: 'exec/:exec/json' },
  { method: 'POST', path: 'exec/:exec/resize', query: { h: number, w: number } },

  // Requests for containers that were made inside.
  { method: 'POST', path: 'containers/create', query: { name: /^[\w.-]{1,100}$/ }, body: createBody },
  { method: 'POST', path: 'containers/:container/attach', query: follow, of: 'extra', upgrade: true },
  { method: 'POST', path: 'containers/:container/resize', query: { h: number, w: number }, of: 'extra' },
  {
    method: 'DELETE',
    path: 'containers/:container',
    query: { force: flag, v: flag, link: /^(0|false|)$/i },
    of: 'extra',
  },

  { method: 'GET', path: 'images/json', query: { all: flag }, show: 'images' },
  { method: 'GET', path: 'images/:image/json', show: 'image' },
  { method: 'GET', path: 'networks', show: 'networks' },
  { method: 'GET', path: 'networks/:network', show: 'network' },
]

/** Values of a path's variable parts. */
export interface Found {
  route: Route
  name: string | null
}

/** The row for a path without version, or null. */
export function routeFor(method: string, path: string): Found | null {
  for (const route of routes) {
    if (route.method !== method) continue
    const [before = '', variable, after = ''] =
      route.path.split(/:(?:container|exec|image|network)/).length > 1 ? splitAt(route.path) : [route.path]
    if (variable === undefined) {
      if (path === before) return { route, name: null }
      continue
    }
    if (!path.startsWith(before) || !path.endsWith(after)) continue
    const name = path.slice(before.length, path.length - after.length)
    // Only images have slashes in their names.
    if (name !== '' && (variable === ':image' || !name.includes('/'))) return { route, name }
  }
  return null
}

function splitAt(path: string): [string, string, string] {
  const [, before = '', variable = '', after = ''] = /^(.*?)(:\w+)(.*)$/.exec(path) ?? []
  return [before, variable, after]
}
