import { randomBytes } from 'node:crypto'
import { execThrough, guardArgv, guardNeeds } from './guarded.ts'
import { plain, type Routes } from './route.ts'
import type { Sandbox } from './sandbox.ts'
import { type SshPlace, sshRoutes } from './ssh.ts'

/** A place that somebody else set up, where the agent's commands run with the rights of an account that is there. */
export type Attached =
  | SshPlace
  | { kind: 'docker'; container: string }
  | {
      kind: 'kubectl'
      pod: string
      namespace?: string
      container?: string
      context?: string
      kubeconfig?: string
    }
  | { kind: 'command'; argv: readonly string[] }

/** What can be reached from there, for a person. */
export function reachOf(place: Attached): string {
  switch (place.kind) {
    case 'ssh':
      return `whatever ${Object.values(place.hosts).join(', ')} may do there: the files, processes and network of that account`
    case 'docker':
      return `the files, processes and network of container ${place.container}, as its user`
    case 'kubectl':
      return `the files, processes and network of pod ${place.pod}, as its user, its service account included`
    case 'command':
      return `whatever '${place.argv.join(' ')}' may do`
    default:
      return place satisfies never
  }
}

/** Time for a short program of ours there. */
const shortMs = 20_000

/**
 * Runs commands there, each under a guard that ends whatever it started. Nothing of our environment is handed on.
 * @throws Error when the place cannot be reached or lacks what the guard needs.
 */
export async function attachedSandbox(place: Attached, signal: AbortSignal): Promise<Sandbox> {
  await using opened = new AsyncDisposableStack()
  const routes = opened.use(await routesOf(place, signal))
  const names = Object.keys(routes.named)
  const [first = ''] = names
  const session = randomBytes(8).toString('hex')
  const used = new Set<string>()
  const run = (name: string, script: string, options: Parameters<Sandbox['exec']>[1]) => {
    const route = routes.named[name]
    if (!route) throw new Error(`no host is named '${name}'; known: ${names.join(', ')}`)
    used.add(name)
    const marked = `export ${markName}=${session}\n${script}`
    return execThrough({ argv: route.argv(guardArgv), env: route.env, takes: 'far guard' }, marked, options)
  }
  const shortly = (name: string, script: string, abort: AbortSignal) =>
    run(name, script, { timeoutMs: shortMs, signal: abort, maxBytes: 4_096 })

  const { exitCode, stdout, stderr } = await shortly(first, 'echo ready', signal)
  if (exitCode !== 0 || stdout !== 'ready\n')
    throw new Error(
      `${describe(place)}: ${stderr.trim() || `exit ${exitCode}`} (needed there: ${guardNeeds})`,
    )
  const kept = opened.move()
  return {
    describe:
      names.length === 1
        ? describe(place)
        : `${describe(place)}. A command that begins with @${names[1]} runs on that host; without such a word it runs on ${first}. Hosts: ${names.join(', ')}`,
    exec: (command, options) => {
      const [, host, rest] = /^@([\w.-]+)\s+([\s\S]*)$/.exec(command) ?? []
      return host !== undefined && rest !== undefined && names.includes(host)
        ? run(host, rest, options)
        : run(first, command, options)
    },
    end: async () => {
      await using _closed = kept
      await Promise.all([...used].map((name) => shortly(name, sweep(session), AbortSignal.timeout(shortMs))))
    },
  }
}

const describe = (place: Attached): string => `a shell at ${place.kind}: ${reachOf(place)}`

/** In the environment of every command, and of all that it starts unless that takes it away. */
const markName = 'OPERATOR_SESSION'

/** Ends what a session's commands left behind. Who reads the list is not on it: its own environment has no mark yet. */
const sweep = (session: string): string => `unset ${markName}
for _ in {1..50}; do
  mapfile -t found < <(cd /proc && env -u ${markName} grep -lszx ${markName}=${session} [0-9]*/environ)
  ((\${#found[@]})) || exit 0
  for pid in "\${found[@]%/environ}"; do ((pid == $$ || pid == PPID)) || kill -KILL "$pid"; done
  sleep 0.05
done`

async function routesOf(place: Attached, signal: AbortSignal): Promise<Routes> {
  const only = (argv: readonly string[], ...kept: string[]): Routes => ({
    named: { [place.kind]: { argv: (program) => [...argv, ...program], env: plain(...kept) } },
    [Symbol.asyncDispose]: async () => undefined,
  })
  switch (place.kind) {
    case 'ssh':
      return sshRoutes(place, signal)
    case 'docker':
      return only(['docker', 'exec', '-i', place.container], 'DOCKER_HOST', 'DOCKER_CONTEXT', 'DOCKER_CONFIG')
    case 'kubectl': {
      const option = (name: string, value: string | undefined) => (value === undefined ? [] : [name, value])
      return only(
        [
          'kubectl',
          ...option('--kubeconfig', place.kubeconfig),
          ...option('--context', place.context),
          ...option('--namespace', place.namespace),
          'exec',
          '-i',
          place.pod,
          ...option('--container', place.container),
          '--',
        ],
        'KUBECONFIG',
      )
    }
    case 'command':
      return only(place.argv)
    default:
      return place satisfies never
  }
}
