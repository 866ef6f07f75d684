import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parse } from 'yaml'
import { BadInput } from '../../core/errors.ts'
import { queryOf, storeSeries } from './observe/series.ts'
import { topology } from './topology.ts'

test('three PDs and as many stores as are asked for, each with the flags of the real programs', () => {
  const { nodes, programs } = topology(4)
  assert.deepEqual(
    nodes.map(({ name }) => name),
    ['pd-1', 'pd-2', 'pd-3', 'tikv-1', 'tikv-2', 'tikv-3', 'tikv-4'],
  )
  assert.deepEqual(
    programs.map(({ name }) => name),
    ['pd-server', 'tikv-server'],
  )
  const [pd, store] = [nodes[0], nodes[3]]
  assert.ok(
    pd?.argv.includes('--initial-cluster=pd-1=http://pd-1:2380,pd-2=http://pd-2:2380,pd-3=http://pd-3:2380'),
  )
  assert.ok(store?.argv.includes('--pd-endpoints=pd-1:2379,pd-2:2379,pd-3:2379'))
  assert.ok(store?.argv.includes('--advertise-addr=tikv-1:20160'))
  // On a disk this small TiKV would be full from the start.
  assert.match(Object.values(store?.files ?? {})[0] ?? '', /reserve-space = "0MB"/)
})

test('fewer stores than replicas, or no number, is refused', () => {
  for (const size of [0, 1, 2, 10, 3.5, Number.NaN]) assert.throws(() => topology(size), BadInput)
})

test('Prometheus scrapes every PD and every store; Grafana brings it along, and shows what the monitor looks at', () => {
  const { nodes, programs } = topology(4, ['grafana'])
  assert.deepEqual(
    nodes.slice(-2).map(({ name }) => name),
    ['prometheus', 'grafana'],
  )
  assert.deepEqual(
    programs.slice(-2).map(({ name }) => name),
    ['prometheus', 'grafana'],
  )
  const filesOf = (name: string) => Object.values(nodes.find((node) => node.name === name)?.files ?? {})
  const { scrape_configs } = parse(filesOf('prometheus')[0] ?? '')
  assert.deepEqual(
    scrape_configs.map((job: { static_configs: { targets: string[] }[] }) => job.static_configs[0]?.targets),
    [
      ['pd-1:2379', 'pd-2:2379', 'pd-3:2379'],
      ['tikv-1:20180', 'tikv-2:20180', 'tikv-3:20180', 'tikv-4:20180'],
    ],
  )
  const [sources, , dashboard = ''] = filesOf('grafana')
  assert.equal(parse(sources ?? '').datasources[0].url, 'http://prometheus:9090')
  const queries = JSON.parse(dashboard).panels.map(
    (panel: { targets: { expr: string }[] }) => panel.targets[0]?.expr,
  )
  assert.ok(queries.includes(queryOf(storeSeries.logLagP99)))
  assert.deepEqual(
    topology(3, ['prometheus'])
      .nodes.map(({ name }) => name)
      .slice(6),
    ['prometheus'],
  )
})
