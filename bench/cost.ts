import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { availableParallelism, freemem } from 'node:os'
import { join } from 'node:path'
import { phases } from '../src/core/work/outcome.ts'
import { lanesOf } from '../src/eval/campaign/plan.ts'
import { home, type TrialDocument, trialsIn } from '../test/standins/eval-runs.ts'
import { type ProcessTimes, watchProcesses } from './process-times.ts'
import { type Bench, median, type Row, row, timed } from './row.ts'

/** Another checkout's can be named, to measure two side by side. */
const operator = process.env.OPERATOR_BENCH_PROGRAM ?? join(import.meta.dirname, '../bin/operator')
const starts: readonly (readonly string[])[] = [
  ['--help'],
  ...['monitor run', 'agent start', 'witness', 'shell', 'lab up', 'eval run'].map((verb) => [
    ...verb.split(' '),
    '--help',
  ]),
]
const campaign = (trials: number, parallel: number) => `
name: cost
subjects: [etcd]
chaos_types: [{ type: node_kill }]
trials_per_combination: ${trials}
variants: [runbook]
parallel: ${parallel}
seed: 1
settle_seconds: 3
`

/** The processor time of whole trials, by process and phase, one at a time and on all lanes; and of a start of a verb. */
export const cost: Bench = async ({ runs }) => {
  const lanes = lanesOf({ cores: availableParallelism(), freeBytes: freemem() })
  return [...startRows(runs), ...(await trialRows(runs, 1)), ...(await trialRows(lanes * runs, lanes))]
}

function startRows(runs: number): Row[] {
  const bareMs = startsMs(process.execPath, ['-e', '0'], runs)
  const rows = starts.map((argv) => {
    spawnSync(operator, argv) // fills the compile cache
    const ms = startsMs(operator, argv, runs)
    const ratio = `${(median(ms) / median(bareMs)).toFixed(2)} x an empty Node program`
    return row(`start: operator ${argv.join(' ')}`, ms, 'ms of a processor', { target: 60, ratio })
  })
  return [row('for comparison: node -e 0', bareMs, 'ms of a processor'), ...rows]
}

/** bash knows what its children took to the ms. */
function startsMs(program: string, argv: readonly string[], runs: number): number[] {
  const script = 'TIMEFORMAT="%U %S"; { time "$@" >/dev/null 2>&1 </dev/null; } 2>&1'
  return Array.from({ length: 4 * runs }, () => {
    const { stdout } = spawnSync('bash', ['-c', script, '_', program, ...argv], { encoding: 'utf8' })
    return (
      1_000 *
      stdout
        .trim()
        .split(' ')
        .map(Number)
        .reduce((sum, seconds) => sum + seconds, 0)
    )
  })
}

async function trialRows(trials: number, parallel: number): Promise<Row[]> {
  const { documents, times, ms } = await measured(trials, parallel)
  const resolved = documents.filter(({ outcome }) => outcome?.kind === 'resolved').length
  const kinds = [...times.byKind].map(([kind, sum]) => ({ kind, ms: sum / trials }))
  const allMs = kinds.reduce((sum, kind) => sum + kind.ms, 0)
  const share = (part: number) => `${Math.round((100 * part) / allMs)} %`
  const unit = 'ms of a processor'
  const etcdMs = kinds.find(({ kind }) => kind === 'etcd')?.ms ?? 0
  return [
    row(`parallel ${parallel}: a trial, all processes, mean`, [allMs], unit, {
      target: 4_500,
      ratio: `${resolved} of ${trials} resolved; ${Math.round((3_600_000 * trials) / ms)} trials/h`,
    }),
    row('  without etcd', [allMs - etcdMs], unit, { target: 1_500, ratio: share(allMs - etcdMs) }),
    ...kinds
      .filter(({ ms: part }) => part >= 1)
      .toSorted((a, b) => b.ms - a.ms)
      .map(({ kind, ms: part }) => row(`  ${kind}`, [part], unit, { ratio: share(part) })),
    ...(parallel === 1 ? phaseRows(documents, times) : []),
  ]
}

/** With more than one lane, phases of several trials run at the same time. */
function phaseRows(documents: readonly TrialDocument[], times: ProcessTimes): Row[] {
  const spent = documents.map((document) => {
    let at = Date.parse(document.at?.started ?? '')
    return phases.map((phase) => {
      const from = at
      at += document.phases_ms[phase] ?? 0
      return totalAt(times.series, at) - totalAt(times.series, from)
    })
  })
  const unit = 'ms of a processor'
  return [
    row(
      '  phases: all of a trial, without the start and end of `eval run`',
      spent.map((parts) => parts.reduce((sum, part) => sum + part, 0)),
      unit,
    ),
    ...phases.map((phase, i) =>
      row(
        `  - ${phase}`,
        spent.map((parts) => parts[i] ?? 0),
        unit,
      ),
    ),
  ]
}

/** Between two samples it grows evenly. */
function totalAt(series: ProcessTimes['series'], at: number): number {
  const after = series.findIndex((sample) => sample.at >= at)
  const next = series[after < 0 ? series.length - 1 : after]
  const last = series[Math.max(0, after - 1)]
  if (!next || !last || after <= 0) return next?.totalMs ?? 0
  return last.totalMs + ((next.totalMs - last.totalMs) * (at - last.at)) / (next.at - last.at)
}

async function measured(trials: number, parallel: number) {
  using place = home()
  const file = join(place.path, 'cost.yaml')
  writeFileSync(file, campaign(trials, parallel))
  const child = spawn(operator, ['eval', 'run', 'campaign', file, '--json'], {
    env: { ...process.env, OPERATOR_HOME: place.path, TMPDIR: place.tmp },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let [stdout, stderr] = ['', '']
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk))
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk))
  const watch = watchProcesses(child.pid ?? 0)
  const { result, ms } = await timed(() => once(child, 'close'))
  const times = watch.end()
  if (result[0] !== 0) throw new Error(`operator eval run campaign: exit ${result[0]}: ${stderr}`)
  return { documents: trialsIn(stdout), times, ms }
}
