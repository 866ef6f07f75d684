import { messageOf } from '../../core/errors.ts'
import { attachedSandbox, reachOf } from '../../sandbox/attached.ts'
import { inert } from '../../tui/text.ts'
import { observeUntilKnown, textOf } from '../monitor/once.ts'
import { placeOf } from '../monitor/where.ts'
import type { Io } from '../terminal/io.ts'
import { type UpFile, watchedBy } from './file.ts'

/** What `operator up --check` found out about one cluster. */
interface Found {
  cluster: string
  subject: string
  healthy: boolean
  /** Checks that are violated or unknown. */
  not_ok: string[]
  /** What an agent there can reach; null: no agent works there. */
  agent_reaches: string | null
  /** Why the agent's shell cannot be used; null: it can, or there is none. */
  shell_error: string | null
}

/** Observes each cluster and opens each shell once, and prints what an agent could reach and do. Nothing is stored or changed. */
export async function checkFile(file: UpFile, asJson: boolean, io: Io): Promise<void> {
  const found = await Promise.all(Object.keys(file.clusters).map((name) => check(file, name, io)))
  if (asJson) io.printJson({ file: file.path, database: file.database, clusters: found })
  else
    for (const {
      cluster,
      subject,
      healthy,
      not_ok: notOk,
      agent_reaches: reach,
      shell_error: error,
    } of found) {
      io.print(
        `${cluster} (${subject}): ${healthy ? 'all checks are ok' : `${notOk.length} checks are not ok`}`,
      )
      for (const line of notOk) io.print(`  ${inert(line)}`)
      if (error !== null) io.print(`  shell: cannot be used: ${inert(error)}`)
      else if (reach === null) io.print('  shell: none; tickets wait for people')
      else io.print(`  shell: an agent changes this cluster without asking. It reaches ${inert(reach)}`)
    }
  if (found.some(({ healthy, shell_error: error }) => !healthy || error !== null)) io.answerNo()
}

async function check(file: UpFile, name: string, io: Io): Promise<Found> {
  const { subject, endpoints } = watchedBy(file, name)
  const { watch, shell = null } = file.clusters[name] ?? {}
  if (!watch) throw new Error(`no cluster ${name}`)
  const [{ healthy, bad }, shellError] = await Promise.all([
    observeUntilKnown(placeOf(watch, subject, endpoints, io), io),
    shell === null
      ? null
      : attachedSandbox(shell, io.signal).then(
          (sandbox) => sandbox.end?.().then(() => null) ?? null,
          messageOf,
        ),
  ])
  return {
    cluster: name,
    subject,
    healthy,
    not_ok: bad.map((check) => `${check.key}: ${textOf(check)}`),
    agent_reaches: shell && reachOf(shell),
    shell_error: shellError,
  }
}
