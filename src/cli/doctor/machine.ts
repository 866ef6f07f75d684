import { statfs } from 'node:fs/promises'
import { request } from 'node:http'
import { availableParallelism, freemem, tmpdir } from 'node:os'
import { dirname } from 'node:path'
import { confinement } from '../../agent/command/confine.ts'
import { operatorHome } from '../../store/home.ts'
import { type Check, gib } from './check.ts'

/** A lane of three nodes with full disks, monitor and agent take less than half of this. */
const enoughMemory = 1 * 2 ** 30
/** Databases grow by about 1 MiB a trial. */
const enoughDisk = 1 * 2 ** 30

export async function machineChecks(env: NodeJS.ProcessEnv, signal: AbortSignal): Promise<Check[]> {
  const free = freemem()
  return [
    {
      group: 'machine',
      name: 'Node',
      can: true,
      detail: `${process.versions.node}, ${availableParallelism()} CPUs`,
    },
    enough('memory', free, enoughMemory, 'free', 'end something large, or run fewer lanes'),
    await diskCheck(
      'disk for databases',
      operatorHome(env),
      'free some, or set OPERATOR_HOME to a folder elsewhere',
    ),
    await diskCheck('disk for temporary files', tmpdir(), 'free some, or set TMPDIR to a folder elsewhere'),
    await dockerCheck(env, signal),
    await programCheck(),
  ]
}

/** Checks how far a program that works as the agent can be kept away from the databases. */
async function programCheck(): Promise<Check> {
  const { ownUser, ownView } = await confinement()
  const part = { group: 'machine', name: 'programs as the agent' } as const
  const user = ownUser ? 'run as a user of their own' : 'run as you'
  if (ownView)
    return { ...part, can: true, detail: `${user}, with processes and a view of files of their own` }
  const fix = 'allow unprivileged user namespaces, or run as root with CAP_SYS_ADMIN'
  const detail = `${user}, and see other processes${ownUser ? '' : ' and your databases'}: no mount namespaces`
  return { ...part, can: false, detail, fix, optional: true }
}

export function modelChecks(env: NodeJS.ProcessEnv): Check[] {
  const name = 'Claude'
  const variable = ['ANTHROPIC_API_KEY', 'ANTHROPIC_AUTH_TOKEN'].find((candidate) => env[candidate])
  // Whether it is set, and not one character of it.
  if (variable) return [{ group: 'model', name, can: true, detail: `${variable} is set` }]
  const fix = 'export ANTHROPIC_API_KEY=..., or go without a model: --agent runbook'
  return [{ group: 'model', name, can: false, detail: 'ANTHROPIC_API_KEY is not set', fix, optional: true }]
}

async function diskCheck(name: string, folder: string, fix: string): Promise<Check> {
  for (let existing = folder; ; existing = dirname(existing)) {
    try {
      const { bavail, bsize } = await statfs(existing)
      return enough(name, bavail * bsize, enoughDisk, `free in ${folder}`, fix)
    } catch (error) {
      // Not made yet: it will be on the file system of the folder above.
      if (existing === dirname(existing)) throw error
    }
  }
}

function enough(name: string, bytes: number, wanted: number, what: string, fix: string): Check {
  const detail = `${gib(bytes)} ${what}`
  return bytes >= wanted
    ? { group: 'machine', name, can: true, detail }
    : {
        group: 'machine',
        name,
        can: false,
        detail: `${detail}; ${gib(wanted)} are wanted`,
        fix,
        optional: true,
      }
}

async function dockerCheck(env: NodeJS.ProcessEnv, signal: AbortSignal): Promise<Check> {
  const common = { group: 'machine', name: 'Docker engine' } as const
  try {
    return { ...common, can: true, detail: `version ${await dockerVersion(env.DOCKER_HOST, signal)}` }
  } catch (error) {
    const detail = error instanceof Error ? error.message || 'no answer' : String(error)
    return {
      ...common,
      can: false,
      detail,
      fix: 'only for the docker lab; start it with: sudo systemctl start docker',
      optional: true,
    }
  }
}

function dockerVersion(host = 'unix:///var/run/docker.sock', signal: AbortSignal): Promise<string> {
  const url = new URL(host)
  const target =
    url.protocol === 'unix:' ? { socketPath: url.pathname } : { host: url.hostname, port: url.port || '2375' }
  return new Promise((resolve, reject) => {
    const asking = request({ ...target, path: '/version', timeout: 2_000, signal }, (response) => {
      response.setEncoding('utf8')
      let body = ''
      response.on('data', (chunk: string) => {
        body += chunk
      })
      response.on('end', () => resolve(/"Version":"([^"]+)"/.exec(body)?.[1] ?? 'unknown'))
    })
    asking.on('timeout', () => asking.destroy(new Error(`${host} does not answer`)))
    asking.on('error', reject)
    asking.end()
  })
}
