import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Endpoints } from '../../../src/core/watch/topology.ts'
import { topology } from '../../../src/subjects/tikv/topology.ts'
import { freePorts } from '../etcd.ts'
import { standInFolder } from './build.ts'

/** The stand-ins on this host's loopback, with the flags that labs use: for machines without a lab. */
export interface LocalTikv extends AsyncDisposable {
  endpoints: Endpoints
  names: string[]
  start(name: string): void
  kill(name: string): Promise<void>
  pause(name: string): void
  resume(name: string): void
}

export async function startTikv(size = 3): Promise<LocalTikv> {
  const programs = await standInFolder()
  const root = mkdtempSync(join(tmpdir(), 'tikv-'))
  const { nodes } = topology(size)
  const ports = await freePorts(nodes.length * 2)
  /** Each node has a port of its own for each of the two that it listens on. */
  const portOf = (name: string, port: string): string => {
    const i = nodes.findIndex((node) => node.name === name)
    const first = port === '2379' || port === '20180'
    return String(ports[first ? i : nodes.length + i])
  }
  const argvOf = new Map(
    nodes.map(({ name, argv, dataDir }) => {
      const local = argv
        .filter((arg) => !arg.startsWith('--config='))
        .map((arg) =>
          arg
            .replaceAll('0.0.0.0', name)
            .replace(dataDir, join(root, name))
            .replaceAll(/\b((?:pd|tikv)-\d+):(\d+)/g, (_, host, port) => `127.0.0.1:${portOf(host, port)}`),
        )
      return [name, local]
    }),
  )
  const running = new Map<string, ChildProcess>()
  const start = (name: string) => {
    const [program = '', ...args] = argvOf.get(name) ?? []
    running.set(name, spawn(join(programs, program), args, { stdio: 'ignore', argv0: program }))
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
    endpoints: Object.fromEntries(
      nodes.map(({ name, endpoint }) => [
        name,
        { url: `http://127.0.0.1:${portOf(name, String(endpoint.port))}`, dataPath: root },
      ]),
    ),
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
