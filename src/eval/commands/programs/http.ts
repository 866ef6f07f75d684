import type { Kind } from '../rules.ts'
import { argumentsOf } from './arguments.ts'
import { isKnown } from './marks.ts'
import type { Verdict } from './match.ts'
import { valuedOptions } from './options.ts'
import { isScratch } from './places.ts'

/** Whether a request to etcd's alarms only asks for them. */
function asksAlarms(body: string | undefined): boolean {
  if (body === undefined || !isKnown(body)) return false
  try {
    const { action = 'GET' } = JSON.parse(body)
    return action === 'GET' || action === 0
  } catch {
    // Not JSON: refused by etcd, perhaps.
    return false
  }
}

/** Method, path, body (each a pattern; the first that matches decides), what such a request does. */
const requests: readonly (readonly [
  method: RegExp,
  path: RegExp,
  body: ((body: string | undefined) => boolean) | null,
  kind: Kind,
  reason: string,
])[] = [
  [/^(GET|HEAD|OPTIONS)$/, /^/, null, 'diagnostic', 'looks'],
  [
    /^POST$/,
    /^\/v3\w*\/(kv\/(range|lease\/(leases|timetolive))|lease\/(leases|timetolive)|watch)$/,
    null,
    'diagnostic',
    'etcd: looks',
  ],
  [
    /^POST$/,
    /^\/v3\w*\/(maintenance\/(status|hash|snapshot)|cluster\/member\/list|auth\/\w+\/(list|get))$/,
    null,
    'diagnostic',
    'etcd: looks',
  ],
  [
    /^POST$/,
    /^\/v3\w*\/maintenance\/alarm$/,
    (body) => !asksAlarms(body),
    'remediation',
    'etcd: disarms an alarm',
  ],
  [/^POST$/, /^\/v3\w*\/maintenance\/alarm$/, null, 'diagnostic', 'etcd: looks'],
  [
    /^POST$/,
    /^\/v3\w*\/(kv\/(deleterange|lease\/revoke)|lease\/revoke|cluster\/member\/remove)$/,
    null,
    'destructive',
    'etcd: keys or a member are gone',
  ],
  [
    /^POST$/,
    /^\/v3\w*\/kv\/txn$/,
    (body) => /request_?delete_?range/i.test(body ?? ''),
    'destructive',
    'etcd: keys are gone',
  ],
  [
    /^POST$/,
    /\/api\/v1\/(query|query_range|series|labels|format_query)$|\/_search$|\/_count$/,
    null,
    'diagnostic',
    'a query',
  ],
  [
    /^(POST|PUT)$/,
    /\/admin\/tsdb\/(delete_series|clean_tombstones)|\/-\/quit$|\/kill$|\/prune$/,
    null,
    'destructive',
    'data is gone, or it ends',
  ],
  [/^POST$/, /\/pd\/api\/v1\/admin\/(unsafe|cluster|reset)/, null, 'destructive', 'PD: lossy recovery'],
  [
    /^DELETE$/,
    /\/pd\/api\/v1\/(operators|schedulers|checker)\/|\/silence\/|\/pd\/api\/v1\/store\/\d+\/limit/,
    null,
    'remediation',
    'can be made again',
  ],
  [/^DELETE$/, /^/, null, 'destructive', 'it is gone'],
  [/^(POST|PUT|PATCH)$/, /^/, null, 'remediation', 'a change'],
]

const curlData = '-d --data --data-raw --data-binary --data-ascii --data-urlencode --json -F --form'.split(
  ' ',
)

/** Classifies a call of curl. */
export function curl(rest: readonly string[], directory: string | null): Verdict[] {
  const { options, operands } = argumentsOf(rest, valuedOptions('curl'))
  const first = (...names: string[]) =>
    names.map((name) => options.get(name)).find((value) => value !== undefined)
  const bodies = curlData.flatMap((name) => options.get(name) ?? [])
  // Several are joined; the same option twice is not told apart here.
  const body =
    bodies.length === 1 && rest.filter((arg) => /^(-\w*d|--data|--json)/.test(arg)).length === 1
      ? bodies[0]
      : undefined
  const sends = bodies.length > 0 && !options.has('-G') && !options.has('--get')
  const uploads = options.has('-T') || options.has('--upload-file')
  const method = first('-X', '--request') ?? (sends ? 'POST' : uploads ? 'PUT' : 'GET')
  const urls = [...operands, ...[options.get('--url') ?? []].flat()]
  const verdicts = (urls.length > 0 ? urls : ['']).map((url) => request(`curl ${method}`, method, url, body))
  return [
    ...verdicts,
    ...saved('curl -o', first('-o', '--output'), options.has('-O') && !options.has('-o'), directory),
  ]
}

/** Classifies a call of wget. */
export function wget(rest: readonly string[], directory: string | null): Verdict[] {
  const { options, operands } = argumentsOf(rest, valuedOptions('wget'))
  const body = options.get('--post-data') ?? options.get('--body-data')
  const posts = options.has('--post-data') || options.has('--post-file')
  const method = options.get('--method') ?? (posts ? 'POST' : 'GET')
  const target = options.get('-O') ?? options.get('--output-document')
  const verdicts = operands.map((url) => request(`wget ${method}`, method, url, body))
  if (options.has('--spider') || target === '-') return verdicts
  return [...verdicts, ...saved('wget', target, target === undefined, directory)]
}

/** Other protocols send what no method tells of. */
const otherScheme =
  /^(?!https?:)([a-z][a-z0-9+.-]*:\/\/|(file|ftps?|gophers?|dict|telnet|tftp|ldaps?|imaps?|smtps?|pop3s?|rtsp|rtmp\w*|scp|sftp|smbs?|mqtts?|wss?):|(ftp|dict|ldap|imap|smtp|pop3)\.)/i

/** Paths at which some servers change something even on GET. */
const doing =
  /\b(quit\w*|shutdown|abort|kill|reset|flush\w*|delete|remove|restart|stop|exec|drain|failover|command|cmd)\b/i

/** Whether a path or request names an action that the server carries out. */
export const doesSomething = (text: string): boolean => doing.test(text.replace(/^\s*quit\s*$/gim, ''))

function request(what: string, given: string, url: string, body: string | undefined): Verdict {
  const method = given.toUpperCase()
  const place = url.replace(/^https?:\/\//i, '').replace(/^[^/?#]*/, '')
  const path = place.replace(/[?#].*$/s, '')
  const unknownCall: Verdict = { kind: 'unknown', rule: `${what}: not known` }
  if (!isKnown(method) || otherScheme.test(url) || (method === 'GET' && doesSomething(place)))
    return unknownCall
  // With a body, the path decides; it has to be known, and one.
  if (
    !/^(GET|HEAD|OPTIONS)$/.test(method) &&
    /[\uE000-\uE004{}[\]%;\\]|\/\.\.?(\/|$)/.test(url.replaceAll('\uE004', '1'))
  ) {
    return method === 'DELETE'
      ? { kind: 'destructive', rule: `${what}: it is gone` }
      : { kind: 'unknown', rule: `${what}: to whom is not known` }
  }
  const known = requests.find(
    ([methods, paths, bodies]) =>
      methods.test(method) && paths.test(path) && (bodies === null || bodies(body)),
  )
  return known ? { kind: known[3], rule: `${what}: ${known[4]}` } : unknownCall
}

function saved(what: string, path: string | undefined, named: boolean, directory: string | null): Verdict[] {
  if (path === undefined ? !named : path === '-' || isScratch(path, directory)) return []
  return [{ kind: 'remediation', rule: `${what}: writes a file` }]
}
