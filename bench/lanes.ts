import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { phases } from '../src/core/work/outcome.ts'
import { home, type TrialDocument, trialsIn } from '../test/standins/eval-runs.ts'
import { type Bench, quantile, type Row, row, timed } from './row.ts'

const kinds = ['node_kill', 'pause', 'network_partition']
const measures = ['detect', 'resolve', 'recover'] as const

const campaign = (repeats: number) => `
name: lanes
subjects: [etcd]
chaos_types:
${kinds.map((type) => `  - type: ${type}`).join('\n')}
trials_per_combination: ${repeats}
variants: [runbook]
parallel: 1
seed: 42
settle_seconds: 3
`

/** The same campaign one trial at a time and four at a time: how fast it goes, and what the lanes do to each other's times. */
export const lanes: Bench = async ({ runs }) => {
  const rows: Row[] = []
  for (const parallel of [1, 4]) {
    using place = home()
    const file = join(place.path, 'lanes.yaml')
    writeFileSync(file, campaign(runs))
    const argv = ['eval', 'run', 'campaign', file, '--parallel', String(parallel), '--json']
    const { result, ms } = await timed(() => place.run(...argv))
    if (result.code !== 0)
      throw new Error(`operator eval run campaign: exit ${result.code}: ${result.stderr}`)
    rows.push(...rowsOf(trialsIn(result.stdout), parallel, ms))
  }
  return rows
}

function rowsOf(trials: readonly TrialDocument[], parallel: number, ms: number): Row[] {
  const resolved = trials.filter(({ outcome }) => outcome?.kind === 'resolved')
  const spent = phases.map((phase) => trials.reduce((sum, trial) => sum + (trial.phases_ms[phase] ?? 0), 0))
  const total = spent.reduce((sum, part) => sum + part, 0)
  const shares = phases.map((phase, i) => `${phase} ${Math.round((100 * (spent[i] ?? 0)) / total)} %`)
  const times = kinds.flatMap((kind) =>
    measures.map((measure): Row => {
      const of = trials.filter(({ fault }) => fault.chaos_type === kind).flatMap((t) => t.ms[measure] ?? [])
      const spread = [0.1, 0.9].map((q) => Math.round(quantile(of, q)))
      return row(`  parallel ${parallel}: ${kind}, ${measure}`, of, 'ms', {
        ratio: `p10 to p90: ${spread.join(' to ')}`,
      })
    }),
  )
  const speed = row(
    `campaign at parallel ${parallel}, 3 s settle`,
    [(trials.length * 3_600_000) / ms],
    'trials/h',
    {
      ratio: `${resolved.length} of ${trials.length} resolved; ${shares.join(', ')}`,
    },
  )
  return [speed, ...times]
}
