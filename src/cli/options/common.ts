import { type Command, InvalidArgumentError, Option } from 'commander'
import { BadInput } from '../../core/errors.ts'
import { wholeCluster } from '../../core/watch/invariant.ts'
import type { Endpoints } from '../../core/watch/topology.ts'
import { evalDbPath, operatorDbPath } from '../../store/home.ts'
import { withExamples } from '../terminal/help.ts'

/** Options that mean the same in every verb. */
export const jsonOption = () => new Option('--json', 'print one JSON document on stdout')
export const dbOption = () =>
  new Option('--db <file>', 'the operator database').default(
    operatorDbPath(),
    operatorDbPath().replace(process.env.HOME ?? '\0', '~'),
  )
export const evalDbOption = () =>
  new Option('--eval-db <file>', 'the evaluation database').default(
    evalDbPath(),
    evalDbPath().replace(process.env.HOME ?? '\0', '~'),
  )

/** For daemons that another process owns: the owner's death closes the pipe, however it died. */
export const withParentOption = () => new Option('--with-parent', 'end when standard input closes').hideHelp()

const unitsMs: Record<string, number> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 }

/** A longer timer fires at once: https://nodejs.org/api/timers.html */
const maxMs = 500 * 3_600_000

/** `500ms`, `5s`, `2m`, `1h`; a bare number is seconds. Returns whole ms. */
export function duration(text: string): number {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h)?$/.exec(text.trim())
  const ms = match ? Number(match[1]) * (unitsMs[match[2] ?? 's'] ?? Number.NaN) : Number.NaN
  if (!(ms <= maxMs))
    throw new InvalidArgumentError('allowed: a duration such as 500ms, 5s, 2m or 1h, up to 500h')
  return Math.round(ms)
}

/** For what is done again and again: without a pause it would take a whole core. */
export const durationFrom =
  (least: string) =>
  (text: string): number => {
    const ms = duration(text)
    if (ms < duration(least)) throw new InvalidArgumentError(`allowed: a duration from ${least}`)
    return ms
  }

/** Between looks of a monitor. */
export const pause = durationFrom('100ms')

/** A whole number within bounds. */
export const integer =
  (min: number, max = Number.MAX_SAFE_INTEGER) =>
  (text: string): number => {
    const value = Number(text)
    if (!/^-?\d+$/.test(text.trim()) || value < min || value > max)
      throw new InvalidArgumentError(
        `allowed: a whole number from ${min}${max === Number.MAX_SAFE_INTEGER ? '' : ` to ${max}`}`,
      )
    return value
  }

export const number =
  (min: number, max = Number.POSITIVE_INFINITY) =>
  (text: string): number => {
    const value = Number(text)
    if (text.trim() === '' || !Number.isFinite(value) || value < min || value > max)
      throw new InvalidArgumentError(
        `allowed: a number from ${min}${max === Number.POSITIVE_INFINITY ? '' : ` to ${max}`}`,
      )
    return value
  }

/** `none` for no limit. It stays the word: commander turns a parsed null into an empty text. */
export const orNone =
  (parse: (text: string) => number) =>
  (text: string): number | 'none' =>
    text === 'none' ? text : parse(text)

export const oneOf =
  <T extends string>(allowed: readonly T[]) =>
  (text: string): T => {
    const found = allowed.find((word) => word === text)
    if (!found) throw new InvalidArgumentError(`allowed: ${allowed.join(', ')}`)
    return found
  }

/** `etcd-1=http://10.0.0.1:2379,etcd-2=...`; without names the nodes are `node-1`, `node-2`, ... */
export function parseEndpoints(text: string): Endpoints {
  const endpoints: Endpoints = {}
  for (const [index, item] of text.split(',').entries()) {
    const [, name = `node-${index + 1}`, url = ''] = /^(?:([\w.-]+)=)?(.*)$/.exec(item.trim()) ?? []
    if (!URL.canParse(url) || !/^(https?|rediss?|tcp):\/\/./.test(url))
      throw new InvalidArgumentError(
        `'${item}' is not name=url; allowed: etcd-1=http://10.0.0.1:2379,etcd-2=http://10.0.0.2:2379`,
      )
    if (new URL(url).username !== '' || new URL(url).password !== '')
      throw new InvalidArgumentError(
        'a user or password has no place on a command line, where everybody sees it: use --user-file',
      )
    if (Object.hasOwn(endpoints, name)) throw new InvalidArgumentError(`'${name}' is named twice`)
    if (name === wholeCluster)
      throw new InvalidArgumentError(`a node cannot be named '${name}': that stands for all of them`)
    // As a key of an object it would be no key at all, and the node would be looked at by nobody.
    if (name === '__proto__') throw new InvalidArgumentError(`a node cannot be named '${name}'`)
    endpoints[name] = { url: url.replace(/\/$/, '') }
  }
  return endpoints
}

export interface Address {
  host: string
  port: number
}

/** `127.0.0.1:9095`, `[::1]:9095`, or `9095` of this machine alone. */
export function address(text: string): Address {
  const [, bracketed, plain, port] = /^(?:\[([0-9a-f:.]+)\]:|([^:]+):)?(\d{1,5})$/i.exec(text) ?? []
  if (port === undefined || Number(port) > 65_535)
    throw new InvalidArgumentError('allowed: 127.0.0.1:9095, [::1]:9095, or a port')
  return { host: bracketed ?? plain ?? '127.0.0.1', port: Number(port) }
}

export const endpointsOption = () =>
  new Option('--endpoints <list>', 'addresses of the nodes: name=url,name=url').argParser(parseEndpoints)

/** Disk space is checked where this host sees the node's disk: a mount, or a node on this very host. */
export const dataPathOption = () =>
  new Option(
    '--data-path <node=path>',
    "a path of this host that is on the node's data disk, to check its free space (repeatable)",
  )
    .argParser(pair)
    .default({}, 'disk space is not checked')

/** Logs of the nodes: a subject may count events in them, which are shown in tickets. */
export const logPathOption = () =>
  new Option('--log-path <node=path>', "a file of this host with the node's log (repeatable)")
    .argParser(pair)
    .default({}, 'logs are not read')

/** For clusters whose ports come out elsewhere: behind a container engine, or forwarded one by one. */
export const portMapOption = () =>
  new Option(
    '--port-map <node:port=host:port>',
    'the address at which another port of a node can be reached (repeatable)',
  )
    .argParser(portPair)
    .default({}, "the same port at the endpoint's host")

function portPair(text: string, all: PortMap = {}): PortMap {
  const [, node = '', port = '', place = ''] = /^([\w.-]+):(\d{1,5})=(\S+:\d{1,5})$/.exec(text) ?? []
  if (node === '') throw new InvalidArgumentError('allowed: tikv-1:20160=127.0.0.1:32771')
  return { ...all, [node]: { ...all[node], [port]: place } }
}

type PortMap = Record<string, Record<number, string>>

/** Options for single nodes, besides their endpoints. */
export interface NodeOptions {
  dataPath: Record<string, string>
  logPath: Record<string, string>
  portMap: PortMap
}

/** Repeatable `name=value`. */
export function pair(text: string, all: Record<string, string> = {}): Record<string, string> {
  const at = text.indexOf('=')
  if (at < 1) throw new InvalidArgumentError('allowed: name=value')
  return { ...all, [text.slice(0, at)]: text.slice(at + 1) }
}

/** Repeatable `name=duration`. Returns ms by name. */
export function durationPair(text: string, all: Record<string, number> = {}): Record<string, number> {
  const [[name = '', value = ''] = []] = Object.entries(pair(text))
  return { ...all, [name]: duration(value) }
}

/** Endpoints with what was said of each node. */
export function withPaths(endpoints: Endpoints, { dataPath, logPath, portMap }: NodeOptions): Endpoints {
  for (const [option, said] of Object.entries({
    '--data-path': dataPath,
    '--log-path': logPath,
    '--port-map': portMap,
  })) {
    const stranger = Object.keys(said).find((name) => !Object.hasOwn(endpoints, name))
    if (stranger)
      throw new BadInput(
        `${option}: no endpoint is named '${stranger}'; known: ${Object.keys(endpoints).join(', ')}`,
      )
  }
  return Object.fromEntries(
    Object.entries(endpoints).map(([name, endpoint]) => {
      const [data, log, ports] = [dataPath[name], logPath[name], portMap[name]]
      const said = {
        ...(data !== undefined && { dataPath: data }),
        ...(log !== undefined && { logPath: log }),
        ...(ports !== undefined && { ports }),
      }
      return [name, { ...endpoint, ...said }]
    }),
  )
}

/** A child command that ends its help with examples of its own, and points to that help when it is misused. */
export function subcommand(
  parent: Command,
  usage: string,
  description: string,
  examples: readonly string[] = [],
): Command {
  const command = parent.command(usage).description(description)
  command.showHelpAfterError('(add --help for what is allowed)')
  return withExamples(command, examples)
}
