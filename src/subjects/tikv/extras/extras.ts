import { stringify } from 'yaml'
import type { NodeSpec, Program } from '../../../core/watch/topology.ts'
import { pdPort, statusPort } from '../ports.ts'
import { dashboard } from './dashboard.ts'

// Programs beside a cluster, for people: Prometheus and Grafana. Each folder has files of one node only.

const MiB = 2 ** 20
const prometheusPort = 9090
const grafanaPort = 3000
const root = '/etc/observability'
const dataRoot = '/var/lib/observability'

/** https://hub.docker.com/r/prom/prometheus/tags, https://hub.docker.com/r/grafana/grafana/tags */
const images = { prometheus: 'prom/prometheus:v3.14.0', grafana: 'grafana/grafana:13.2.0' }

export const extras = ['prometheus', 'grafana'] as const
export type Extra = (typeof extras)[number]

/** Metrics of every PD and every store. */
export function prometheus(pds: readonly string[], stores: readonly string[]): NodeSpec {
  const config = `${root}/prometheus/prometheus.yml`
  const dataDir = `${dataRoot}/prometheus`
  const job = (name: string, nodes: readonly string[], port: number) => ({
    job_name: name,
    static_configs: [{ targets: nodes.map((node) => `${node}:${port}`) }],
  })
  return {
    name: 'prometheus',
    argv: [
      'prometheus',
      `--config.file=${config}`,
      `--storage.tsdb.path=${dataDir}/data`,
      '--storage.tsdb.retention.size=256MB',
      `--web.listen-address=0.0.0.0:${prometheusPort}`,
    ],
    image: images.prometheus,
    env: {},
    files: {
      [config]: stringify({
        global: { scrape_interval: '5s', scrape_timeout: '4s' },
        scrape_configs: [job('pd', pds, pdPort), job('tikv', stores, statusPort)],
      }),
    },
    dataDir,
    // It preallocates 128 MiB for what is not in blocks yet.
    diskBytes: 768 * MiB,
    endpoint: { scheme: 'http', port: prometheusPort },
  }
}

/** One dashboard over those metrics, for everybody who gets there. */
export function grafana(): NodeSpec {
  const dataDir = `${dataRoot}/grafana`
  const file = (path: string, value: unknown) => ({ [`${root}/${path}`]: stringify(value) })
  return {
    name: 'grafana',
    argv: ['grafana', 'server', '--homepath=/usr/share/grafana'],
    image: images.grafana,
    env: {
      GF_SERVER_HTTP_PORT: String(grafanaPort),
      GF_LOG_MODE: 'console',
      GF_PATHS_DATA: `${dataDir}/data`,
      GF_PATHS_LOGS: `${dataDir}/log`,
      GF_PATHS_PLUGINS: `${dataDir}/plugins`,
      GF_PATHS_PROVISIONING: `${root}/provisioning`,
      GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH: `${root}/dashboards/tikv.json`,
      GF_AUTH_ANONYMOUS_ENABLED: 'true',
      GF_AUTH_ANONYMOUS_ORG_ROLE: 'Viewer',
      // It may reach nobody else.
      GF_ANALYTICS_REPORTING_ENABLED: 'false',
      GF_ANALYTICS_CHECK_FOR_UPDATES: 'false',
      GF_ANALYTICS_CHECK_FOR_PLUGIN_UPDATES: 'false',
      GF_PLUGINS_PREINSTALL_DISABLED: 'true',
    },
    files: {
      ...file('provisioning/datasources/prometheus.yml', {
        apiVersion: 1,
        datasources: [
          {
            name: 'Prometheus',
            uid: 'prometheus',
            type: 'prometheus',
            access: 'proxy',
            url: `http://prometheus:${prometheusPort}`,
            isDefault: true,
            jsonData: { timeInterval: '5s' },
          },
        ],
      }),
      ...file('provisioning/dashboards/dashboards.yml', {
        apiVersion: 1,
        providers: [{ name: 'dashboards', type: 'file', options: { path: `${root}/dashboards` } }],
      }),
      [`${root}/dashboards/tikv.json`]: `${JSON.stringify(dashboard, null, 2)}\n`,
    },
    dataDir,
    diskBytes: 256 * MiB,
    endpoint: { scheme: 'http', port: grafanaPort },
  }
}

/** Where a lab that runs programs of this machine gets them. */
export const programs: Record<Extra, Program> = {
  prometheus: { name: 'prometheus', package: 'prometheus' },
  grafana: {
    name: 'grafana',
    source: 'the package grafana from https://grafana.com/grafana/download (/usr/share/grafana/bin on PATH)',
  },
}
