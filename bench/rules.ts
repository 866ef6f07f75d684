import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { systemClock } from '../src/core/clock.ts'
import { alerts } from '../src/subjects/prometheus/alerts.ts'
import { connect } from '../src/subjects/prometheus/observe.ts'
import { hasPrometheus, startPrometheus } from '../test/standins/prometheus.ts'
import { type Bench, median, type Row, row, timed } from './row.ts'

const count = 1_000

/** A tenth fires, a tenth is dead, the rest counts and compares as rules do. */
const ruleOf = (_: unknown, i: number) => ({
  alert: `Rule${i}`,
  expr:
    i % 10 === 0
      ? `prometheus_build_info + ${i} > 0`
      : i % 10 === 1
        ? `no_such_metric_${i} > 0`
        : `sum by (job) (rate(prometheus_http_requests_total{code="${i}"}[1m])) / ${i} > 0.05`,
  ...{ for: '5m', labels: { severity: 'warning' } },
  annotations: { summary: '{{ $labels.instance }}: {{ $value | humanize }}' },
})

/** A thousand alerting rules, by files of ours and as a real Prometheus evaluates them. */
export const rules: Bench = async ({ minutes }) => {
  if (!hasPrometheus) throw new Error('no Prometheus here: scripts/setup --prometheus')
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  const folder = mkdtempSync(join(tmpdir(), 'bench-'))
  await using undo = new AsyncDisposableStack()
  undo.defer(() => rmSync(folder, { recursive: true, force: true }))
  const file = join(folder, 'rules.yml')
  const text = JSON.stringify({ groups: [{ name: 'bench', rules: Array.from({ length: count }, ruleOf) }] })
  writeFileSync(file, text)
  const prometheus = undo.use(await startPrometheus({ rules: text }))
  await prometheus.reload(
    JSON.stringify({
      global: { scrape_interval: '1s', evaluation_interval: '5s' },
      rule_files: ['rules.yml'],
      scrape_configs: [{ job_name: 'p', static_configs: [{ targets: [`127.0.0.1:${prometheus.port}`] }] }],
    }),
  )
  await systemClock.sleep(8_000)
  const measured = async (what: string, own: readonly string[] | undefined): Promise<Row[]> => {
    const watch = own ? { rules: own } : {}
    await using connection = connect({ prometheus: { url: prometheus.url } }, { watch })
    const ms: number[] = []
    const late: number[] = []
    const before = process.cpuUsage()
    const heapMiB: number[] = []
    const end = systemClock.now() + minutes * 30_000
    while (systemClock.now() < end || ms.length < 5) {
      const observed = await timed(async () => {
        const observation = await connection.observe(AbortSignal.timeout(60_000), [])
        return alerts(observation, [], watch)
      })
      const unknown = observed.result.filter(({ verdict }) => verdict.kind === 'unknown').length
      if (observed.result.length < count)
        throw new Error(`only ${observed.result.length} rules were looked at`)
      late.push(unknown)
      ms.push(observed.ms)
      collect()
      heapMiB.push(process.memoryUsage().heapUsed / 2 ** 20)
      await systemClock.sleep(Math.max(0, 1_000 - observed.ms))
    }
    const { user, system } = process.cpuUsage(before)
    const half = Math.floor(heapMiB.length / 2)
    const grownMiB = median(heapMiB.slice(half)) - median(heapMiB.slice(1, half + 1))
    return [
      row(`a look at ${count} rules, ${what}`, ms, 'ms', { target: 1_000 }),
      row('  processor time of a look, our part', [(user + system) / 1_000 / ms.length], 'ms'),
      row('  rules that were not answered in time', late, '', { target: 0 }),
      row('  memory of the second half of the looks, above the first', [grownMiB], 'MiB', { target: 2 }),
    ]
  }
  return [...(await measured('of our own files', [file])), ...(await measured('of Prometheus', undefined))]
}
