import { existsSync, readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { BadInput } from '../../../core/errors.ts'

/** The engine's address in the form that node:http takes. */
export type EngineAddress =
  | { socketPath: string }
  | { host: string; port: number; tls?: { ca: string; cert: string; key: string } }

/** Reads `DOCKER_HOST` and its companions as Docker's own CLI does. Without them it uses the first socket that exists. */
export function engineAddress(env: NodeJS.ProcessEnv = process.env): EngineAddress {
  const asked = env.DOCKER_HOST
  if (!asked) return { socketPath: usualSockets(env).find(existsSync) ?? '/var/run/docker.sock' }
  if (asked.startsWith('unix://')) return { socketPath: asked.slice('unix://'.length) }
  if (!/^tcp:\/\/[^/:]+(:\d+)?\/?$/.test(asked))
    throw new BadInput(`DOCKER_HOST '${asked}': allowed are unix:///PATH and tcp://HOST:PORT`)
  const { hostname: host, port } = new URL(asked)
  const folder = env.DOCKER_CERT_PATH ?? join(homedir(), '.docker')
  const pem = (name: string) => readFileSync(join(folder, `${name}.pem`), 'utf8')
  if (!env.DOCKER_TLS_VERIFY) return { host, port: Number(port || 2375) }
  return { host, port: Number(port || 2376), tls: { ca: pem('ca'), cert: pem('cert'), key: pem('key') } }
}

/** Sockets of the system's engine, a rootless engine, and Docker Desktop on macOS and Linux. */
function usualSockets(env: NodeJS.ProcessEnv): string[] {
  return [
    '/var/run/docker.sock',
    ...(env.XDG_RUNTIME_DIR ? [join(env.XDG_RUNTIME_DIR, 'docker.sock')] : []),
    join(homedir(), '.docker/run/docker.sock'),
    join(homedir(), '.docker/desktop/docker.sock'),
  ]
}

/** The address as text for people. */
export const nameOf = (address: EngineAddress): string =>
  'socketPath' in address ? `unix://${address.socketPath}` : `tcp://${address.host}:${address.port}`
