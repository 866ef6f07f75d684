import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { BadInput, exitCodes, MachineLacks } from '../../core/errors.ts'
import type { Topology } from '../../core/watch/topology.ts'
import { self } from '../../daemon.ts'
import type { Cluster } from '../../lab/contract.ts'
import { attachCluster, labNamed } from '../../lab/labs.ts'
import { spawn } from '../../spawn.ts'
import { subjectNamed } from '../../subjects/subjects.ts'
import { humanMs } from '../../tui/text.ts'
import type { Io } from '../terminal/io.ts'
import { waitFor } from './wait.ts'

export interface UpOptions {
  size: number
  id?: string
  lab: string
  timeout: number
  with: string[]
  foreground?: boolean
  json?: boolean
}

/** The topology for the options of the command line. */
export function topologyOf(subjectName: string, asked: { size: number; with: string[] }): Topology {
  const { topology, extras = [] } = subjectNamed(subjectName)
  if (!topology) throw new BadInput(`${subjectName} cannot be started by a lab, only watched`)
  const odd = asked.with.find((name) => !extras.includes(name))
  if (odd !== undefined)
    throw new BadInput(`--with ${odd}: beside ${subjectName} there can be: ${extras.join(', ') || 'nothing'}`)
  return topology(asked.size, asked.with)
}

/** Makes the cluster, says its id, and keeps it until a signal comes. */
export async function own(subjectName: string, options: UpOptions, io: Io): Promise<void> {
  const topology = topologyOf(subjectName, options)
  const at = { signal: io.signal, note: io.note, ...(options.id ? { id: options.id } : {}) }
  await using cluster = await labNamed(options.lab).up(topology, at)
  io.print(cluster.id)
  await new Promise<void>((resolve) => {
    // An abort signal alone keeps no process alive.
    const alive = setInterval(() => undefined, 2 ** 30)
    const end = () => {
      clearInterval(alive)
      resolve()
    }
    io.signal.addEventListener('abort', end, { once: true })
    if (io.signal.aborted) end()
  })
}

/** Starts an owner in the background and returns once the cluster is healthy. */
export async function up(subjectName: string, options: UpOptions, io: Io): Promise<void> {
  const startedAt = io.clock.now()
  const { id, end } = await startOwner(subjectName, options, io)
  const cluster = await attachCluster(id)
  try {
    await waitFor(cluster, options.timeout, io)
  } catch (error) {
    // After Ctrl-C nobody knows the cluster's id, so it is ended.
    if (io.signal.aborted) await end()
    throw error
  }
  const healthyMs = io.clock.now() - startedAt
  if (options.json) {
    const { lab, subject, endpoints } = cluster
    return io.printJson({ id, lab, subject, endpoints, healthyMs })
  }
  introduce(cluster, healthyMs, io)
}

/** How a line about what takes long begins. */
const progress = 'pulling '

async function startOwner(
  subjectName: string,
  options: UpOptions,
  io: Io,
): Promise<{ id: string; end(): Promise<void> }> {
  const { size, lab, with: extras } = options
  const [program = '', ...args] = self()
  const named = options.id ? ['--id', options.id] : []
  const what = ['lab', 'up', subjectName, '--size', String(size), '--lab', lab, ...named]
  if (extras.length > 0) what.push('--with', extras.join(','))
  const owner = spawn(program, [...args, ...what, '--foreground'], {
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    cwd: '/',
  })
  const abandon = () => owner.kill('SIGTERM')
  io.signal.addEventListener('abort', abandon, { once: true })
  let complaint = ''
  createInterface({ input: owner.stderr }).on('line', (line) => {
    if (line.startsWith(progress)) io.note(line)
    else complaint += `${line}\n`
  })
  const said = once(owner.stdout, 'data').then(([chunk]) => String(chunk).trim())
  const ended = once(owner, 'close').then(([code]): never => {
    const why = complaint.trim().replace(/^operator: /, '') || `the cluster's owner ended with ${code}`
    if (code === exitCodes.badInput) throw new BadInput(why)
    if (code === exitCodes.machineLacks) throw new MachineLacks(why)
    throw new Error(why)
  })
  const id = await Promise.race([said, ended])
  io.signal.removeEventListener('abort', abandon)
  ended.catch(() => undefined) // from now on it lives its own life
  owner.stdout.destroy()
  owner.stderr.destroy()
  owner.unref()
  const end = async () => {
    if (owner.exitCode !== null || owner.signalCode !== null) return
    owner.ref()
    owner.kill('SIGTERM')
    await once(owner, 'exit')
  }
  return { id, end }
}

function introduce(cluster: Cluster, healthyMs: number, io: Io): void {
  const [first = ''] = cluster.nodes.map(({ name }) => name)
  const other = `--lab ${cluster.id}`
  io.print(`${cluster.subject} cluster ${cluster.id} is healthy after ${humanMs(healthyMs)}`)
  for (const [name, { url }] of Object.entries(cluster.endpoints)) io.print(`  ${name}  ${url}`)
  io.print('\nnext:')
  io.print(`  operator lab shell ${other}              open a shell where the agent's commands run`)
  io.print(`  operator lab exec ${other} ${first} -- COMMAND`)
  io.print(`  operator monitor run ${other}            watch it`)
  io.print(`  operator lab down ${cluster.id}`)
}
