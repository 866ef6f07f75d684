import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Damageable, until } from 'operator-sre/testing'
import { redisAt } from '../src/resp.ts'
import { topology } from '../src/topology.ts'

/** Real Redis processes on this host's loopback, with the configuration that labs use: for tests that need no lab. */
export async function startRedis(): Promise<Damageable> {
  const root = mkdtempSync(join(tmpdir(), 'redis of a test-'))
  const { nodes } = topology(3)
  const ports = await freePorts(nodes.length)
  const names = nodes.map(({ name }) => name)
  const urls = ports.map((port) => `redis://127.0.0.1:${port}`)
  const running = new Map<string, ChildProcess>()

  for (const [i, { name, files }] of nodes.entries()) {
    mkdirSync(join(root, name))
    const text = Object.values(files)[0] ?? ''
    const local = text
      .replace(/^bind .*$/m, 'bind 127.0.0.1')
      .replace(/^port .*$/m, `port ${ports[i]}`)
      .replace(/^dir .*$/m, `dir "${join(root, name)}"`)
      .replace(/^replicaof .*$/m, `replicaof 127.0.0.1 ${ports[0]}`)
    writeFileSync(join(root, `${name}.conf`), local)
  }
  const start = (name: string) =>
    void running.set(name, spawn('redis-server', [join(root, `${name}.conf`)], { stdio: 'ignore' }))
  const kill = async (name: string) => {
    const child = running.get(name)
    if (!running.delete(name) || !child || child.exitCode !== null || child.signalCode !== null) return
    child.kill('SIGKILL')
    await once(child, 'exit')
  }
  /** Replicas refuse writes, and get them from the primary. */
  const onPrimary = async (...words: string[]) => {
    using primary = redisAt(urls[0] ?? '')
    const answer = await primary.ask(words, AbortSignal.timeout(5_000))
    if (answer.kind === 'silent') throw new Error(answer.detail)
    return answer.value
  }

  names.forEach(start)
  await until('the primary answers', () =>
    onPrimary('PING').then(
      () => true,
      () => false,
    ),
  )
  return {
    names,
    endpoints: Object.fromEntries(names.map((name, i) => [name, { url: urls[i] ?? '' }])),
    start,
    kill,
    loseWrites: async () => void (await onPrimary('FLUSHALL')),
    inventValues: async () => {
      const keys = await onPrimary('KEYS', '*')
      for (const key of Array.isArray(keys) ? keys : [])
        await onPrimary('SET', String(key), 'nobody wrote this')
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(names.map(kill))
      rmSync(root, { recursive: true, force: true })
    },
  }
}

/** Ports that nothing listens on. All are held at once, so that none is given twice. */
async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, '127.0.0.1'))
  await Promise.all(servers.map((server) => once(server, 'listening')))
  const ports = servers.map((server) => (server.address() as { port: number }).port)
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))))
  return ports
}
