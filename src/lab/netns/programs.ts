import { accessSync, constants, realpathSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { MachineLacks } from '../../core/errors.ts'
import type { Topology } from '../../core/watch/topology.ts'

/** Programs that the lab itself needs. */
export const ownPrograms: Topology['programs'] = [
  { name: 'bash', package: 'bash' },
  { name: 'unshare', package: 'util-linux' },
  { name: 'nsenter', package: 'util-linux' },
  { name: 'perl', package: 'perl' },
  { name: 'mount', package: 'mount' },
  { name: 'ip', package: 'iproute2' },
]

/** Paths of the programs on this host. Fails with the command that installs the missing ones. */
export function findPrograms(programs: Topology['programs']): Map<string, string> {
  const found = new Map<string, string>()
  const missing = programs.filter(({ name }) => {
    const file = findProgram(name)
    if (file) found.set(name, file)
    return !file
  })
  if (missing.length === 0) return found
  const names = missing.map(({ name }) => name).join(', ')
  throw new MachineLacks(`not on this machine: ${names}. Get it with: ${howToGet(missing)}`)
}

/** One command for everything that Debian has; then the rest. */
export function howToGet(programs: Topology['programs']): string {
  const packages = programs.flatMap((program) => ('package' in program ? [program.package] : []))
  const sources = programs.flatMap((program) => ('source' in program ? [program.source] : []))
  const install = packages.length > 0 ? [`sudo apt-get install ${[...new Set(packages)].join(' ')}`] : []
  return [...install, ...new Set(sources)].join('; ')
}

export function findProgram(name: string): string | null {
  const path = `${process.env.PATH ?? ''}${delimiter}/usr/sbin${delimiter}/usr/bin${delimiter}/sbin`
  for (const folder of path.split(delimiter)) {
    const file = join(folder, name)
    if (folder && executable(file)) return realpathSync(file)
  }
  return null
}

function executable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return true
  } catch (error) {
    if (error instanceof Error) return false
    throw error
  }
}
