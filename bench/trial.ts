import { phases } from '../src/core/work/outcome.ts'
import { home, type TrialDocument, trialsIn } from '../test/standins/eval-runs.ts'
import { type Bench, median, type Row, row } from './row.ts'

const argv = ['eval', 'run', '--subject', 'etcd', '--chaos', 'node_kill', '--agent', 'runbook', '--json']
const slackMs = 500

async function trials(n: number, ...more: string[]): Promise<TrialDocument[]> {
  using place = home()
  const { code, stdout, stderr } = await place.run(...argv, '--seed', '1', '--trials', String(n), ...more)
  if (code !== 0) throw new Error(`operator eval run: exit ${code}: ${stderr}`)
  return trialsIn(stdout)
}

const measured = (values: (number | null | undefined)[]): number[] =>
  values.filter((value) => typeof value === 'number')

/** Whole trials: a node is killed, the runbook repairs it, and it has to stay well for 5 s. */
export const trial: Bench = async ({ runs }) => {
  const all = await trials(runs, '--settle', '5s')
  const totals = measured(all.map(({ ms }) => ms.total))
  const resolved = all.filter(({ outcome }) => outcome?.kind === 'resolved')
  const share = (part: number[]) => `${Math.round((100 * median(part)) / median(totals))} % of it`
  const parts = phases.map((phase): Row => {
    const took = measured(all.map(({ phases_ms }) => phases_ms[phase]))
    return row(`  ${phase}`, took, 'ms', { ratio: share(took) })
  })
  return [
    row('trial: node_kill, runbook, 5 s settle', totals, 'ms', {
      target: 12_000,
      ratio: `${resolved.length} of ${all.length} resolved`,
    }),
    ...parts,
    row('  recovered after the fault', measured(all.map(({ ms }) => ms.recover)), 'ms'),
    row('  resolved after the fault', measured(all.map(({ ms }) => ms.resolve)), 'ms'),
  ]
}

/** From the fault to the ticket, at two intervals, for members that lead and members that follow. */
export const detection: Bench = async ({ runs }) => {
  const rows: Row[] = []
  for (const intervalMs of [1_000, 500]) {
    for (const target of ['follower', 'leader']) {
      const watchArgv = ['--interval', `${intervalMs}ms`, '--target', target]
      const some = await trials(runs, ...watchArgv, '--settle', '1s', '--baseline', '--timeout', '4s')
      const detect = measured(some.map(({ ms }) => ms.detect))
      const ratio = `${(median(detect) / intervalMs).toFixed(2)} intervals; ${detect.length} of ${some.length} seen`
      const what = `detection: ${target} killed, looks every ${intervalMs} ms`
      rows.push(row(what, detect, 'ms', { target: intervalMs + slackMs, ratio }))
    }
  }
  return rows
}
