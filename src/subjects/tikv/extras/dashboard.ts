import { pdSeries, queryOf, type Series, storeSeries } from '../observe/series.ts'

interface Panel {
  title: string
  /** Unit in Grafana: https://grafana.com/docs/grafana/latest/panels-visualizations/configure-standard-options/#unit */
  unit: string
  query: string
  legend: string
}

const panel = (title: string, unit: string, series: Series): Panel => ({
  title,
  unit,
  query: queryOf(series),
  legend: '{{instance}}',
})

/** The figures that the monitor checks, as lines over time. */
const panels: readonly Panel[] = [
  {
    title: 'Stores, as PD sees them',
    unit: 'none',
    legend: '{{type}}',
    query: 'max(pd_cluster_status{type=~"store_.*_count"}) by (type)',
  },
  {
    title: 'Regions in want of something',
    unit: 'none',
    legend: '{{type}}',
    query: 'max(pd_regions_status) by (type)',
  },
  panel('Changes of leader of the etcd in PD, ten minutes', 'none', pdSeries.etcdLeaderChanges),
  panel('Commands', 'ops', storeSeries.requestsPerSecond),
  panel('Commands, p99', 's', storeSeries.requestP99Seconds),
  panel('Messages that were not delivered', 'ops', storeSeries.undeliveredPerSecond),
  panel('Leaders of regions', 'none', storeSeries.leaders),
  panel('Raft log lag, p99', 'none', storeSeries.logLagP99),
  panel('Writes of the engine, p99', 's', storeSeries.writeP99Seconds),
  panel('Space left', 'bytes', storeSeries.availableBytes),
  panel('CPU of raftstore', 'percentunit', storeSeries.raftCpu),
  panel('Write-ahead log of PD, p99', 's', pdSeries.fsyncP99Seconds),
]

const inARow = 3
const width = 24 / inARow
const height = 8

/** For a Grafana that has a source of data called `prometheus`. */
export const dashboard = {
  uid: 'tikv',
  title: 'TiKV',
  schemaVersion: 39,
  refresh: '5s',
  editable: false,
  time: { from: 'now-15m', to: 'now' },
  panels: panels.map(({ title, unit, query, legend }, i) => ({
    id: i + 1,
    type: 'timeseries',
    title,
    datasource: { type: 'prometheus', uid: 'prometheus' },
    gridPos: { x: (i % inARow) * width, y: Math.floor(i / inARow) * height, w: width, h: height },
    fieldConfig: { defaults: { unit, min: 0 }, overrides: [] },
    targets: [{ refId: 'A', expr: query, legendFormat: legend }],
  })),
}
