import type { Subject } from '../../core/watch/subject.ts'
import { findProgram, howToGet } from '../../lab/netns/programs.ts'
import { ask, type Check } from './check.ts'

/** Whether the programs that each subject's nodes run are on this machine, and which version. */
export async function subjectChecks(subjects: readonly Subject[], signal: AbortSignal): Promise<Check[]> {
  const checks = subjects.map(async (subject): Promise<Check> => {
    const common = { group: 'subjects', name: subject.name } as const
    if (!subject.topology)
      return { ...common, can: true, detail: 'can be attached to; a lab cannot start it' }
    const { programs } = subject.topology(3)
    const missing = programs.filter(({ name }) => !findProgram(name))
    if (missing.length > 0) {
      const names = missing.map(({ name }) => name).join(', ')
      return {
        ...common,
        can: false,
        detail: `not on this machine: ${names}`,
        fix: howToGet(missing),
        // Programs that no package manager has matter only to people who want that subject.
        optional: missing.every((program) => 'source' in program),
      }
    }
    const versions = await Promise.all(programs.map(({ name }) => versionOf(name, signal)))
    return { ...common, can: true, detail: versions.join(', ') }
  })
  return Promise.all(checks)
}

/** `etcd 3.4.23`; just the name when it does not say. */
async function versionOf(program: string, signal: AbortSignal): Promise<string> {
  for (const argument of ['--version', 'version']) {
    const { ok, text } = await ask([findProgram(program) ?? program, argument], signal)
    const version = /\d+\.\d+(?:\.\d+)?/.exec(text)?.[0]
    if (ok && version) return `${program} ${version}`
  }
  return program
}
