import pc from 'picocolors'
import { chaosTypes } from '../chaos/faults.ts'
import { MachineLacks } from '../core/errors.ts'
import { labs } from '../lab/labs.ts'
import { subjects } from '../subjects/subjects.ts'
import { boundChecks } from './doctor/bounds.ts'
import type { Check } from './doctor/check.ts'
import { kernelChecks } from './doctor/kernel.ts'
import { labChecks } from './doctor/labs.ts'
import { machineChecks, modelChecks } from './doctor/machine.ts'
import { subjectChecks } from './doctor/subjects.ts'
import { jsonOption } from './options/common.ts'
import type { Io, Verb } from './terminal/io.ts'

export const register: Verb['register'] = (program, io) => {
  program
    .command('doctor')
    .description('show what can run on this machine, and how to get what is missing')
    .addOption(jsonOption())
    .addHelpText(
      'after',
      '\nExamples:\n  operator doctor\n  operator doctor --json\n\nExit code 0: the netns lab can run etcd. 3: it cannot, and the fixes say what to do.',
    )
    .action(async (options) => {
      const checks = await examine(io.signal)
      const ready = canRun(checks)
      if (options.json) io.printJson({ ready, checks })
      else show(io, checks)
      if (!ready)
        throw new MachineLacks('the netns lab cannot run etcd on this machine yet: see the fixes above')
    })
}

async function examine(signal: AbortSignal): Promise<Check[]> {
  const parts = await Promise.all([
    machineChecks(process.env, signal),
    kernelChecks(signal),
    modelChecks(process.env),
    subjectChecks(Object.values(subjects), signal),
    boundChecks(),
    labChecks(Object.values(labs), Object.values(chaosTypes)),
  ])
  return withoutEchoes(parts.flat())
}

/** A lab that nothing needs, and that is not here, has one line, not one for each chaos type. */
function withoutEchoes(checks: readonly Check[]): Check[] {
  const absent = checks.filter(({ group, name, can }) => group === 'labs' && name !== 'netns' && !can)
  return checks
    .filter(({ group, name }) => group !== 'chaos' || !absent.some((lab) => name.endsWith(`(${lab.name})`)))
    .map((check) => (absent.includes(check) ? { ...check, optional: true } : check))
}

/** Whether the machine has what the demo and most of the evaluation need. */
const canRun = (checks: readonly Check[]): boolean =>
  [['labs', 'netns'] as const, ['subjects', 'etcd'] as const].every(([group, name]) =>
    checks.some((check) => check.group === group && check.name === name && check.can),
  )

function show(io: Io, checks: readonly Check[]): void {
  const color = pc.createColors(io.color)
  const width = Math.max(...checks.map(({ name }) => name.length))
  for (const group of ['machine', 'model', 'subjects', 'labs', 'bounds', 'chaos'] as const) {
    const members = checks.filter((check) => check.group === group)
    if (members.length > 0) io.print(color.bold(group))
    for (const check of members) {
      const name = check.name.padEnd(width)
      if (check.can) {
        io.print(`  ${color.green('yes')}  ${name}  ${check.detail}`)
      } else {
        io.print(`  ${check.optional ? color.yellow('no ') : color.red('no ')}  ${name}  ${check.detail}`)
        io.print(`       ${' '.repeat(width)}  ${color.dim(`fix: ${check.fix}`)}`)
      }
    }
  }
}
