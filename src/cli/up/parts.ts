import { messageOf } from '../../core/errors.ts'
import { wakeUpSignal } from '../../core/wake-up.ts'
import { defaultVerifyMs } from '../../monitor/verify.ts'
import { attachedSandbox } from '../../sandbox/attached.ts'
import { watchDatabase } from '../../store/changes.ts'
import { openOperatorDb } from '../../store/operator/open.ts'
import { workOnTickets } from '../agent/work.ts'
import { watchCluster } from '../monitor/watch.ts'
import { chooseModel } from '../options/agent.ts'
import type { Io } from '../terminal/io.ts'
import { daemonLog } from '../terminal/log.ts'
import { type UpFile, watchedBy } from './file.ts'

/** Wait before a cluster is watched again that could not be, for instance because a file was being replaced. */
const againMs = 10_000

/** Watches every cluster of the file in this one process, until the signal aborts. */
export async function monitorPart(file: UpFile, io: Io, signal: AbortSignal): Promise<void> {
  const log = daemonLog(io)
  await using db = openOperatorDb(file.database)
  const clusters = Object.entries(file.clusters).map(([name, cluster]) => ({
    name,
    cluster,
    // Only one loop may wait for each.
    wakeUp: wakeUpSignal(io.clock),
  }))
  using _watch = watchDatabase(file.database, () => {
    for (const { wakeUp } of clusters) wakeUp.notify()
  })
  await Promise.all(
    clusters.map(async ({ name, cluster, wakeUp }) => {
      const { subject, endpoints } = watchedBy(file, name)
      while (!signal.aborted) {
        try {
          await watchCluster(cluster.watch, subject, endpoints, { db, wakeUp, log, clock: io.clock, signal })
        } catch (error) {
          // One cluster's trouble leaves the others watched.
          if (!signal.aborted) log.warn(`${name} cannot be watched, trying again: ${messageOf(error)}`)
        }
        await io.clock.sleep(againMs, signal).catch(() => undefined)
      }
    }),
  )
}

/** Time between two reads of the tickets where nothing notifies. */
const pollMs = 1_000
/** How long an agent that died keeps its tickets. */
const leaseMs = 15_000

/** Works on the tickets of every cluster that has a shell, on several clusters at a time, until the signal aborts. */
export async function agentPart(file: UpFile, io: Io, signal: AbortSignal): Promise<void> {
  const log = daemonLog(io)
  await using db = openOperatorDb(file.database)
  const worked = Object.entries(file.clusters).filter(([, { shell }]) => shell)
  // A session's record names its kind of agent and model, so those of one kind share the loops.
  const groups = Map.groupBy(worked, ([, { agent }]) => JSON.stringify(agent))
  const loops = [...groups.values()].flatMap((group) => {
    const settings = group[0]?.[1].agent
    if (!settings) return []
    const clusters = group.map(([name]) => name)
    const model = chooseModel(settings, log.warn)
    log.info(`${model ? model.spec : 'runbook'} waits for tickets of ${clusters.join(', ')}`)
    return Array.from({ length: Math.min(file.sessions, group.length) }, () => ({
      settings,
      model,
      clusters,
    }))
  })
  const wakeUps = loops.map(() => wakeUpSignal(io.clock))
  using _watch = watchDatabase(file.database, () => {
    for (const wakeUp of wakeUps) wakeUp.notify()
  })
  await Promise.all(
    loops.map(({ settings, model, clusters }, index) =>
      workOnTickets({
        settings,
        model,
        clusters,
        worksite: async ({ cluster: name }) => {
          const cluster = file.clusters[name]
          if (!cluster?.shell) throw new Error(`${file.path} has no shell for ${name}`)
          return {
            settings: cluster.agent,
            sandbox: await attachedSandbox(cluster.shell, signal),
            runs: watchedBy(file, name).subject,
            day: cluster.day,
          }
        },
        database: file.database,
        db,
        verifyWindow: defaultVerifyMs,
        poll: pollMs,
        lease: leaseMs,
        wakeUp: wakeUps[index] ?? wakeUpSignal(io.clock),
        log,
        clock: io.clock,
        signal,
      }),
    ),
  )
}
