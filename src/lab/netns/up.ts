import { randomBytes } from 'node:crypto'
import { closeSync, openSync, statSync } from 'node:fs'
import { homedir } from 'node:os'
import { dirname } from 'node:path'
import { systemClock } from '../../core/clock.ts'
import { BadInput, MachineLacks } from '../../core/errors.ts'
import type { Topology } from '../../core/watch/topology.ts'
import { type ChildProcess, spawn } from '../../spawn.ts'
import type { Cluster, UpOptions } from '../contract.ts'
import { type Groups, makeGroups } from './bounds/groups.ts'
import { clusterOf } from './cluster.ts'
import { isRoot } from './identity.ts'
import { childrenOf, killIfThere } from './process.ts'
import { findProgram, findPrograms, ownPrograms } from './programs.ts'
import { asWorldOwner } from './world/enter.ts'
import { type Marker, markerEnv, worlds } from './world/marker.ts'
import { addressOf, copyOf, type Extra, setupScript } from './world/prelude.ts'

const namespaces = ['--user', '--map-root-user', '--net', '--pid', '--mount', '--uts', '--ipc', '--cgroup']
const init = ['env', '-i', 'PATH=/usr/sbin:/usr/bin:/sbin:/bin', 'bash', '--norc', '-s']
const unshare = ['unshare', ...namespaces, '--fork', '--kill-child', '--']

/** Makes a world and starts every node in it. Resolves when the processes run; they may not be healthy yet. */
export async function up(topology: Topology, options: UpOptions): Promise<Cluster> {
  options.signal.throwIfAborted()
  checkNames(topology, options.id)
  const found = findPrograms([...ownPrograms, ...topology.programs])
  const extras = topology.programs.flatMap(({ name }) => extraProgram(name, found.get(name) ?? ''))
  const { id, journal } = options
  const marker = { ...describe(topology, extras, id), ...(journal !== undefined && { journal }) }
  const descriptors = extras.flatMap((extra) =>
    extra.descriptor === undefined ? [] : [openSync(extra.file, 'r')],
  )
  const groups = makeGroups(marker.id, topology)
  const [file = '', ...args] = [...asWorldOwner(groups.base), ...unshare, ...init]
  const holder = spawn(file, args, {
    // A session of its own: Ctrl-C in a terminal is for the owner, which then ends the world in order.
    detached: true,
    cwd: '/',
    env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', ...markerEnv(marker) },
    stdio: ['pipe', 'pipe', 'pipe', ...descriptors],
  })
  for (const descriptor of descriptors) closeSync(descriptor)
  const end = endOf(holder, groups)
  try {
    await ready(holder, setupScript(topology, extras, groups), options.signal)
    const pid = holder.pid ?? 0
    const first = childrenOf(pid)[0]
    if (first === undefined) throw new Error(`the first process of cluster ${marker.id} is gone`)
    return await clusterOf({ ...marker, holder: pid, init: first }, end)
  } catch (error) {
    await end()
    throw error
  }
}

function checkNames(topology: Topology, id: string | undefined): void {
  if (id !== undefined && !/^[a-z0-9][a-z0-9-]{0,30}$/.test(id))
    throw new BadInput(`id '${id}': lower-case letters, digits and '-', at most 31`)
  if (worlds().some((world) => world.id === id)) throw new BadInput(`a cluster '${id}' is already running`)
  const odd = topology.nodes.find(({ name }) => !/^[a-z][a-z0-9-]{0,30}$/.test(name))
  if (odd) throw new BadInput(`node name '${odd.name}': lower-case letters, digits and '-', at most 31`)
}

function describe(topology: Topology, extras: readonly Extra[], id = randomBytes(4).toString('hex')): Marker {
  const nodes = topology.nodes.map(({ name, argv, dataDir, endpoint }, i) => {
    const [program = ''] = argv
    const isCopied = extras.some((extra) => extra.name === program && extra.descriptor !== undefined)
    return {
      name,
      argv,
      dataDir,
      address: addressOf(i),
      scheme: endpoint.scheme,
      port: endpoint.port,
      file: findProgram(program) ?? program,
      copiedTo: isCopied ? copyOf(program) : null,
    }
  })
  return { id, subject: topology.subject, startedAt: systemClock.now(), nodes }
}

function extraProgram(name: string, file: string): Extra[] {
  if (/^\/(usr\/)?s?bin\/[^/]+$/.test(file)) return []
  // The source of a bind mount can be read inside, so no path may tell whose machine this is.
  const telling = [homedir(), process.cwd()].some((folder) => folder !== '/' && file.startsWith(`${folder}/`))
  return [telling || !reachable(file) ? { name, file, descriptor: 3 } : { name, file }]
}

function reachable(file: string): boolean {
  if (!isRoot()) return true
  for (let folder = file; folder !== '/'; folder = dirname(folder)) {
    if ((statSync(folder).mode & 0o001) === 0) return false
  }
  return true
}

/** Sends the script; resolves at its last line, rejects with its error output. */
function ready(holder: ChildProcess, script: string, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    let complaint = ''
    const aborted = () => reject(signal.reason)
    signal.addEventListener('abort', aborted, { once: true })
    holder.stderr?.on('data', (chunk: Buffer) => {
      complaint += chunk
    })
    holder.stdout?.on('data', (chunk: Buffer) => {
      if (chunk.includes('ready')) resolve()
    })
    holder.on('error', reject)
    holder.on('close', (code) => {
      signal.removeEventListener('abort', aborted)
      reject(
        new MachineLacks(
          `cannot make a cluster here (see: operator doctor): ${complaint.trim() || `exit ${code}`}`,
        ),
      )
    })
    holder.stdin?.on('error', () => undefined) // it ended early; 'close' says why
    holder.stdin?.write(script)
  })
}

/** Kills the world and waits until nothing of it is left. */
function endOf(holder: ChildProcess, groups: Groups): () => Promise<void> {
  const closed = new Promise<void>((resolve) =>
    holder.once('close', () => resolve()).once('error', () => resolve()),
  )
  return async () => {
    const first = holder.pid === undefined ? undefined : childrenOf(holder.pid)[0]
    // The first process ends after everything else in its process namespace, and the holder ends after it has reaped the
    // first process. In the opposite order the rest would wait for the host's init.
    if (first === undefined) holder.kill('SIGKILL')
    else killIfThere(first)
    await closed
    await groups.remove()
  }
}
