import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { noise } from '../src/chaos/generic/noise.ts'
import { systemClock } from '../src/core/clock.ts'
import { rngFrom } from '../src/core/rng.ts'
import { netns } from '../src/lab/netns/netns.ts'
import { openOperatorDb } from '../src/store/operator/open.ts'
import { listTickets } from '../src/store/operator/tickets.ts'
import { topology } from '../src/subjects/etcd/topology.ts'
import { type Bench, row } from './row.ts'

const operator = join(import.meta.dirname, '../bin/operator')

/** Clients as applications are: they connect, watch, hold leases, and go away without a word. */
const clients = `
export ETCDCTL_API=3
while :; do
  timeout -s KILL 3 etcdctl watch --prefix load/ >/dev/null &
  timeout -s KILL 2 etcdctl lease keep-alive "$(etcdctl lease grant 60 | cut -d' ' -f2)" >/dev/null &
  timeout -s KILL 1 etcdctl get --prefix load/ --limit 50 >/dev/null &
  etcdctl put clients/$RANDOM "$(date)" >/dev/null
  timeout 1 bash -c 'exec 3<>/dev/tcp/127.0.0.1/2379; sleep 1'
  sleep 0.5
done 2>/dev/null`

/** False alarms: a healthy cluster under load, with clients that come and go and noise on two of three members. */
export const healthy: Bench = async ({ minutes }) => {
  const folder = mkdtempSync(join(tmpdir(), 'bench-'))
  await using undo = new AsyncDisposableStack()
  undo.defer(() => rmSync(folder, { recursive: true, force: true }))
  const signal = new AbortController()
  const cluster = undo.use(await netns.up(topology(3), { signal: signal.signal }))
  undo.defer(() => signal.abort())
  const env = { ...process.env, OPERATOR_HOME: folder }
  const start = (...argv: string[]) => {
    const child = spawn(operator, argv, { env, stdio: ['ignore', 'pipe', 'inherit'] })
    undo.defer(async () => {
      if (child.exitCode !== null || child.signalCode !== null) return
      child.kill('SIGTERM')
      await once(child, 'exit')
    })
    return child
  }
  start('monitor', 'run', '--lab', cluster.id).stdout.resume()
  const load = start('lab', 'load', cluster.id, '--for', `${minutes * 60}s`, '--json')
  const said: Buffer[] = []
  load.stdout.on('data', (chunk) => said.push(chunk))
  const coming = cluster.nodes.map(({ name }) =>
    cluster.run(name, ['bash', '-c', clients], { timeoutMs: minutes * 60_000 }).catch(() => undefined),
  )
  const fault = await noise.plan({
    ...{ cluster, target: 'etcd-2', roles: {}, rng: rngFrom(7) },
    params: { every_ms: 3_000 },
  })
  const over = new AbortController()
  const disturbing = noise.hold?.(cluster, fault, { clock: systemClock, signal: over.signal })
  const [exitCode] = await once(load, 'exit')
  over.abort()
  await disturbing
  await Promise.all(coming)
  await using db = openOperatorDb(join(folder, 'operator.db'))
  const [monitor] = await db.selectFrom('monitors').select('observed_at').execute()
  const silentMs = systemClock.now() - (monitor?.observed_at ?? 0)
  if (silentMs > 10_000) throw new Error(`the monitor has not looked for ${silentMs} ms`)
  const tickets = await listTickets(db)
  for (const { key, message } of tickets) process.stderr.write(`${key}: ${message}\n`)
  const { samples } = JSON.parse(Buffer.concat(said).toString()) as { samples: { ops: number }[] }
  const ops = samples.reduce((sum, sample) => sum + sample.ops, 0)
  return [
    row(`healthy for ${minutes} min under load and noise: tickets`, [tickets.length], '', { target: 0 }),
    row('  operations of the load', [ops], ''),
    row('  exit code of the load: 0, nothing was lost', [exitCode ?? -1], '', { target: 0 }),
  ]
}
