import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { foreignNamespaces, type Process, processes, remains, treeOf } from './processes.ts'
import { until } from './until.ts'

/** What a run had started at one moment, to be looked for after its end. */
export interface Aftermath {
  /** Everything that is still there. */
  left(): Process[]
}

/** Of a process that stands still, so that it starts nothing while we look. */
export function aftermathOf(pid: number, folder: string): Aftermath {
  const tree = treeOf(pid)
  const namespaces = foreignNamespaces(tree)
  return {
    left: () => {
      const found = [...remains(tree, namespaces), ...processes().filter((process) => names(process, folder))]
      return [...new Map(found.map((process) => [process.pid, process])).values()].filter(
        (process) => process.pid !== globalThis.process.pid,
      )
    },
  }
}

/** Its command line or environment names the folder. */
function names({ pid }: Process, folder: string): boolean {
  return ['cmdline', 'environ'].some((file) => {
    try {
      return readFileSync(`/proc/${pid}/${file}`, 'utf8').includes(folder)
    } catch {
      return false // it ended, or is somebody else's
    }
  })
}

/** kill -9, and the proof that it took everything with it. */
export async function killAndWait(child: ChildProcess, folder: string, withinMs = 30_000): Promise<void> {
  const pid = child.pid ?? 0
  const mounts = mountPoints()
  child.kill('SIGSTOP')
  const { left } = aftermathOf(pid, folder)
  const exited = child.exitCode === null && child.signalCode === null ? once(child, 'exit') : null
  child.kill('SIGKILL')
  await exited
  await until('nothing of it is left', () => left().length === 0, withinMs).catch((error) => {
    throw new Error(`${error.message}: ${left().map(describe).join('; ')}`)
  })
  const more = mountPoints().filter((mount) => !mounts.includes(mount))
  if (more.length > 0) throw new Error(`mounts are left: ${more.join(', ')}`)
}

const describe = ({ pid }: Process): string =>
  `${pid} ${readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ')}`

/** Of this host's own; container engines beside us come and go. */
const mountPoints = (): string[] =>
  readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .map((line) => line.split(' ')[4] ?? '')
    .filter((place) => !/docker|containerd/.test(place))
