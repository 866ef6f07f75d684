import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parse, stringify } from 'yaml'
import type { Endpoints } from '../../src/core/watch/topology.ts'
import { topology } from '../../src/subjects/etcd/topology.ts'

/** Real etcd processes on this host's loopback, with the configuration that labs use: for machines without a lab. */
export interface LocalEtcd extends AsyncDisposable {
  endpoints: Endpoints
  names: string[]
  start(name: string): void
  kill(name: string): Promise<void>
  pause(name: string): void
  resume(name: string): void
}

export async function startEtcd(size = 3, settings: Record<string, unknown> = {}): Promise<LocalEtcd> {
  const root = mkdtempSync(join(tmpdir(), 'etcd-'))
  const { nodes } = topology(size)
  const ports = await freePorts(size * 2)
  const client = (i: number) => `http://127.0.0.1:${ports[i]}`
  const peer = (i: number) => `http://127.0.0.1:${ports[size + i]}`
  const programs = nodes.map(({ name, argv, files }, i) => {
    const file = join(root, `${name}.yml`)
    const config = {
      ...parse(Object.values(files)[0] ?? ''),
      'data-dir': join(root, name),
      'listen-client-urls': client(i),
      'advertise-client-urls': client(i),
      'listen-peer-urls': peer(i),
      'initial-advertise-peer-urls': peer(i),
      'initial-cluster': nodes.map((node, j) => `${node.name}=${peer(j)}`).join(','),
      'log-level': 'error',
      ...settings,
    }
    writeFileSync(file, stringify(config))
    return [name, [argv[0] ?? '', '--config-file', file]] as const
  })
  const running = new Map<string, ChildProcess>()
  const start = (name: string) => {
    const [program = '', ...args] = new Map(programs).get(name) ?? []
    running.set(name, spawn(program, args, { stdio: 'ignore' }))
  }
  const kill = async (name: string) => {
    const child = running.get(name)
    if (!running.delete(name) || !child || child.exitCode !== null || child.signalCode !== null) return
    child.kill('SIGKILL')
    await once(child, 'exit')
  }
  const names = nodes.map(({ name }) => name)
  names.forEach(start)
  return {
    endpoints: Object.fromEntries(names.map((name, i) => [name, { url: client(i), dataPath: root }])),
    names,
    start,
    kill,
    pause: (name) => void running.get(name)?.kill('SIGSTOP'),
    resume: (name) => void running.get(name)?.kill('SIGCONT'),
    async [Symbol.asyncDispose]() {
      await Promise.all(names.map(kill))
      rmSync(root, { recursive: true, force: true })
    },
  }
}

/** Ports that nothing listens on. All are held at once, so that none is given twice. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer().listen(0, '127.0.0.1')
      await once(server, 'listening')
      return server
    }),
  )
  const ports = servers.map((server) => (server.address() as { port: number }).port)
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))))
  return ports
}
