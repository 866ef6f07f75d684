import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { findProgram } from '../../src/lab/netns/programs.ts'
import { freePorts } from './etcd.ts'
import { until } from './until.ts'

/** Whether Debian's Prometheus and Alertmanager are here; `scripts/setup --prometheus` brings them. */
export const hasPrometheus = ['prometheus', 'promtool', 'prometheus-alertmanager'].every((name) =>
  findProgram(name),
)
export const skipWithout: { skip: false | string } = {
  skip: hasPrometheus ? false : 'no prometheus and prometheus-alertmanager here: scripts/setup --prometheus',
}

/** A real server with a folder and a port of its own. */
export interface Server extends AsyncDisposable {
  url: string
  port: number
  folder: string
  /** As `kill -9`. */
  kill(): Promise<void>
  start(): Promise<void>
  /** Writes its file anew and has it read. */
  reload(text: string): Promise<void>
}

interface Options {
  argv(folder: string, port: number): string[]
  files: Record<string, string | Buffer>
  scheme?: 'https'
  /** Which of the files it reads its configuration from. */
  config: string
  /** Puts it into a network, for example. */
  wrap?: (argv: string[]) => string[]
  host?: string
  /** Whether it answers, by its URL; else asked for from here. */
  isReady?: (url: string) => Promise<boolean>
  port?: number
  /** Before its first start. */
  prepare?: (folder: string) => void
}

async function startServer(options: Options): Promise<Server> {
  const { wrap = (argv) => argv, host = '127.0.0.1', scheme = 'http' } = options
  const folder = mkdtempSync(join(tmpdir(), 'prometheus-'))
  const [port = 0] = options.port === undefined ? await freePorts(1) : [options.port]
  const url = `${scheme}://${host}:${port}`
  for (const [name, text] of Object.entries(options.files)) writeFileSync(join(folder, name), text)
  options.prepare?.(folder)
  let child: ChildProcess | null = null
  let said = ''
  const isReady =
    options.isReady ??
    ((url) =>
      fetch(`${url}/-/ready`).then(
        ({ ok }) => ok,
        () => false,
      ))
  const ready = async () => {
    if (child?.exitCode !== null) throw new Error(`it ended: ${said.slice(-2_000)}`)
    return isReady(url)
  }
  const end = async (signal: NodeJS.Signals) => {
    if (!child || child.exitCode !== null || child.signalCode !== null) return
    child.kill(signal)
    await once(child, 'exit')
  }
  const server: Server = {
    url,
    port,
    folder,
    kill: () => end('SIGKILL'),
    async start() {
      const [program = '', ...args] = wrap(options.argv(folder, port))
      child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], cwd: folder })
      for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk) => (said += chunk))
      await until(`${program} is ready`, ready, 60_000)
    },
    async reload(text) {
      writeFileSync(join(folder, options.config), text)
      child?.kill('SIGHUP')
    },
    async [Symbol.asyncDispose]() {
      await end('SIGTERM')
      rmSync(folder, { recursive: true, force: true })
    },
  }
  await server.start()
  return server
}

export interface PrometheusOptions extends Pick<Options, 'wrap' | 'host' | 'isReady' | 'port'> {
  /** `host:port` by job. */
  targets?: Record<string, string[]>
  rules?: string
  alertmanagers?: string[]
  /** What it has stored already, in OpenMetrics. */
  samples?: string
  /** How long what is scraped no longer is still there; five minutes where nobody says. */
  lookback?: string
  /** How often it tells an Alertmanager of an alert; after four times that, the alert ends there. */
  resend?: string
  /** Its certificate and key, as PEM: it speaks TLS then. */
  tls?: { cert: Buffer; key: Buffer }
}

/** Scrapes and evaluates every second. */
export const startPrometheus = (options: PrometheusOptions = {}): Promise<Server> =>
  startServer({
    ...options,
    config: 'prometheus.yml',
    files: {
      'prometheus.yml': configOf(options),
      'rules.yml': options.rules ?? 'groups: []',
      ...(options.tls && {
        'cert.pem': options.tls.cert,
        'key.pem': options.tls.key,
        'web.yml': JSON.stringify({ tls_server_config: { cert_file: 'cert.pem', key_file: 'key.pem' } }),
      }),
    },
    ...(options.tls && { scheme: 'https' }),
    ...(options.samples !== undefined && { prepare: storing(options.samples) }),
    argv: (folder, port) => [
      'prometheus',
      `--config.file=${folder}/prometheus.yml`,
      `--storage.tsdb.path=${folder}/data`,
      `--web.listen-address=${options.host ?? '127.0.0.1'}:${port}`,
      `--rules.alert.resend-delay=${options.resend ?? '1s'}`,
      `--query.lookback-delta=${options.lookback ?? '5s'}`,
      '--storage.tsdb.retention.time=10y',
      '--log.level=warn',
      ...(options.tls ? [`--web.config.file=${folder}/web.yml`] : []),
    ],
  })

const storing = (samples: string) => (folder: string) => {
  writeFileSync(join(folder, 'samples'), samples)
  const argv = ['tsdb', 'create-blocks-from', 'openmetrics', '--quiet', 'samples', 'data']
  execFileSync(findProgram('promtool') ?? 'promtool', argv, { cwd: folder })
}

export function configOf({ targets = {}, alertmanagers = [] }: PrometheusOptions): string {
  const jobs = Object.entries(targets).map(([job_name, all]) => ({
    job_name,
    static_configs: [{ targets: all }],
  }))
  // JSON is YAML.
  return JSON.stringify({
    global: { scrape_interval: '1s', scrape_timeout: '1s', evaluation_interval: '1s' },
    rule_files: ['rules.yml'],
    scrape_configs: jobs,
    alerting: { alertmanagers: [{ static_configs: [{ targets: alertmanagers }] }] },
  })
}

/** Notifies `receiver` at once. */
export const startAlertmanager = (
  receiver: string,
  place: Pick<Options, 'wrap' | 'isReady'> = {},
): Promise<Server> =>
  startServer({
    ...place,
    config: 'alertmanager.yml',
    files: {
      'alertmanager.yml': JSON.stringify({
        route: {
          receiver: 'operator',
          group_by: ['...'],
          group_wait: '100ms',
          group_interval: '1s',
          repeat_interval: '1m',
        },
        receivers: [{ name: 'operator', webhook_configs: [{ url: receiver, send_resolved: true }] }],
      }),
    },
    argv: (folder, port) => [
      'prometheus-alertmanager',
      `--config.file=${folder}/alertmanager.yml`,
      `--storage.path=${folder}/data`,
      `--web.listen-address=127.0.0.1:${port}`,
      '--cluster.listen-address=',
      '--log.level=warn',
    ],
  })
