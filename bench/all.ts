/** `npm run bench -- [--only lab,trial,...] [--runs N] [--minutes N] [--json]`; docs/bench.md says what is measured. */
import { parseArgs } from 'node:util'
import { table } from '../src/tui/text.ts'
import { cost } from './cost.ts'
import { dockerLab } from './docker.ts'
import { evalStore } from './eval-store.ts'
import { healthy } from './healthy.ts'
import { help } from './help.ts'
import { lab } from './lab.ts'
import { lanes } from './lanes.ts'
import { monitor } from './monitor.ts'
import { type Bench, machine, type Row } from './row.ts'
import { rules } from './rules.ts'
import { statistics } from './statistics.ts'
import { tikv } from './tikv.ts'
import { detection, trial } from './trial.ts'
import { view } from './view.ts'

const benches: Record<string, Bench> = {
  help,
  lab,
  docker: dockerLab,
  trial,
  detection,
  lanes,
  cost,
  monitor,
  healthy,
  'eval-store': evalStore,
  rules,
  statistics,
  tikv,
  view,
}

const { values } = parseArgs({
  options: {
    only: { type: 'string', default: Object.keys(benches).join(',') },
    runs: { type: 'string', default: '3' },
    minutes: { type: 'string', default: '0.5' },
    json: { type: 'boolean', default: false },
  },
})
const options = { runs: Number(values.runs), minutes: Number(values.minutes) }
const place = machine()
const rows: Row[] = []
for (const name of values.only.split(',')) {
  const bench = Object.hasOwn(benches, name) ? benches[name] : undefined
  if (!bench) throw new Error(`no benchmark '${name}'; there are: ${Object.keys(benches).join(', ')}`)
  process.stderr.write(`${name} ...\n`)
  rows.push(...(await bench(options)))
}

const shown = (value: number | undefined) =>
  value === undefined ? '' : Number(value.toPrecision(4)).toString()
const verdict = ({ value, target }: Row) =>
  target === undefined ? '' : value <= target ? `<= ${target}` : `<= ${target} MISSED`
if (values.json) process.stdout.write(`${JSON.stringify({ machine: place, options, rows }, null, 2)}\n`)
else {
  const lines = rows.map((r) => [
    ...[r.what, shown(r.value), r.unit, shown(r.min), shown(r.max)],
    ...[verdict(r), r.ratio ?? ''],
  ])
  process.stdout.write(`${JSON.stringify(place)}\n\n`)
  process.stdout.write(`${table(['what', 'median', 'unit', 'min', 'max', 'target', 'compared'], lines)}\n`)
}
