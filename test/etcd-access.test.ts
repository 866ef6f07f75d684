import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { copyFileSync, readFileSync } from 'node:fs'
import { after, before, describe, test } from 'node:test'
import { systemClock } from '../src/core/clock.ts'
import type { Access } from '../src/core/watch/access.ts'
import type { Connection } from '../src/core/watch/subject.ts'
import type { EtcdObservation } from '../src/subjects/etcd/observe/observation.ts'
import { connect } from '../src/subjects/etcd/observe/observe.ts'
import { etcd } from '../src/subjects/etcd/subject.ts'
import { untilWell, verdictsOf } from '../src/testing/subject.ts'
import { type Authority, authority } from './standins/authority.ts'
import { freePorts, type LocalEtcd, startEtcd } from './standins/etcd.ts'
import { slowed, until } from './standins/until.ts'

const never = new AbortController().signal

/** One member, whose clients come over TLS or from another address. */
async function startOne(scheme: string, host: string, settings: Record<string, unknown> = {}) {
  const [port] = await freePorts(1)
  const url = `${scheme}://${host}:${port}`
  const cluster = await startEtcd(1, {
    'listen-client-urls': url,
    'advertise-client-urls': url,
    ...settings,
  })
  return { url, cluster }
}

async function observe(url: string, access: Access = {}) {
  await using connection = connect({ 'etcd-1': { url } }, access)
  const observation = await connection.observe(never)
  const node = observation.nodes['etcd-1']
  assert.ok(node)
  return {
    node,
    error: node.error ?? '',
    healthy: node.healthy,
    violated: verdictsOf(etcd, observation).flatMap(({ invariant, verdict }) =>
      verdict.kind === 'violated' ? [invariant] : [],
    ),
  }
}

const isThere = async (url: string, access: Access) =>
  until('it serves', async () => (await observe(url, access)).healthy === true)

describe('etcd behind TLS', () => {
  let pki: Authority
  let cluster: LocalEtcd
  let url = ''
  let tls: NonNullable<Access['tls']> = {}
  const cert = (name: string) => readFileSync(pki.file(`${name}.pem`), 'utf8')
  /** etcd reads its files at every handshake. */
  const show = (name: string) => {
    copyFileSync(pki.file(`${name}.pem`), pki.file('shown.pem'))
    copyFileSync(pki.file(`${name}-key.pem`), pki.file('shown-key.pem'))
  }
  before(async () => {
    pki = authority()
    for (const name of ['server', 'client']) pki.sign(name)
    pki.sign('expired', { days: -1 })
    pki.sign('other', { san: 'DNS:elsewhere.example' })
    show('server')
    const transport = {
      'cert-file': pki.file('shown.pem'),
      'key-file': pki.file('shown-key.pem'),
      'client-cert-auth': true,
      'trusted-ca-file': pki.file('ca.pem'),
    }
    ;({ cluster, url } = await startOne('https', '127.0.0.1', { 'client-transport-security': transport }))
    tls = { ca: cert('ca'), cert: cert('client'), key: readFileSync(pki.file('client-key.pem'), 'utf8') }
    await isThere(url, { tls })
  })
  after(async () => {
    await cluster[Symbol.asyncDispose]()
    pki[Symbol.dispose]()
  })

  test('is well with --ca, --cert and --key', async () => {
    await using connection = connect({ 'etcd-1': { url } }, { tls })
    await untilWell(etcd, connection)
    const { newClient } = (await connection.observe(never)).nodes['etcd-1'] ?? {}
    const days = ((newClient?.certificate?.until ?? 0) - systemClock.now()) / 86_400_000
    assert.ok(days > 89 && days <= 90, `${days}`)
  })

  const mistakes: [string, () => [string, Access], RegExp][] = [
    ['http given for it', () => [url.replace('https', 'http'), {}], /^it speaks TLS: give https/],
    ['no authority given', () => [url, {}], /authority that is not known here: give it with --ca$/],
    [
      'another authority given',
      () => [url, { tls: { ca: otherCa() } }],
      /not signed by an authority that --ca/,
    ],
    [
      'no certificate given',
      () => [url, { tls: { ca: cert('ca') } }],
      /wants a certificate.*--cert and --key$/,
    ],
  ]
  const otherCa = () => {
    using other = authority()
    return readFileSync(other.file('ca.pem'), 'utf8')
  }
  for (const [what, given, says] of mistakes)
    test(`${what}: said in one line, and nothing is down`, async () => {
      const seen = await observe(...given())
      assert.match(seen.error, says)
      assert.doesNotMatch(seen.error, /\n|openssl|SSL routines/i)
      assert.deepEqual([seen.healthy, seen.violated], [null, []])
    })

  const bad: [string, RegExp][] = [
    ['expired', /has expired/],
    ['other', /is for another name/],
  ]
  for (const [name, says] of bad)
    test(`a certificate becomes ${name} while the monitor runs: critical, and for one that starts then`, async () => {
      show('server')
      await using connection = connect({ 'etcd-1': { url } }, { tls })
      await untilWell(etcd, connection)
      show(name)
      const at = await untilViolated(connection, 'certificate_bad')
      assert.match(at.message, says)
      assert.equal(at.observation.nodes['etcd-1']?.healthy, true, 'its kept connections go on')
      assert.ok(violatedIn(at.observation).has('new_clients_refused'))
      const fresh = await observe(url, { tls })
      assert.match(fresh.error, /its certificate/)
      assert.deepEqual([fresh.healthy, fresh.violated], [null, ['certificate_bad']])
      show('server')
      await untilWell(etcd, connection)
    })
})

const violatedIn = (observation: EtcdObservation): Map<string, string> =>
  new Map(
    verdictsOf(etcd, observation).flatMap(({ invariant, verdict }) =>
      verdict.kind === 'violated' ? [[invariant, verdict.message] as const] : [],
    ),
  )

async function untilViolated(connection: Connection<EtcdObservation>, invariant: string) {
  for (let times = 0; times < 60; times++) {
    const observation = await connection.observe(never)
    const message = violatedIn(observation).get(invariant)
    if (message !== undefined) return { message, observation }
    await systemClock.sleep(250)
  }
  throw new Error(`${invariant} is not violated`)
}

describe('etcd with plain HTTP', () => {
  let cluster: LocalEtcd
  let url = ''
  let metricsUrl = ''
  before(async () => {
    const [port] = await freePorts(1)
    metricsUrl = `http://127.0.0.1:${port}`
    ;({ cluster, url } = await startOne('http', '[::1]', { 'listen-metrics-urls': metricsUrl }))
    await isThere(url, {})
  })
  after(() => cluster[Symbol.asyncDispose]())

  test('https given for it: said, and it is not down', async () => {
    const seen = await observe(url.replace('http', 'https'))
    assert.match(seen.error, /^it speaks plain HTTP: give http:/)
    assert.deepEqual([seen.healthy, seen.violated], [null, []])
  })

  test('the port for metrics is told from the one for clients', async () => {
    assert.match((await observe(metricsUrl)).error, /answers no clients.*2379/)
  })

  test('by IPv6 address it is well; by a name that there is not it is unknown', async () => {
    await using connection = connect({ 'etcd-1': { url } })
    await untilWell(etcd, connection)
    const seen = await observe('http://no-such-host.invalid:2379')
    assert.match(seen.error, /cannot be resolved.*no-such-host\.invalid/)
    assert.deepEqual([seen.healthy, seen.violated], [null, []])
  })

  test('descriptors used up: new clients are not served, and the ticket says so', async () => {
    const pid = execFileSync('sh', [
      '-c',
      'ss -Hltnp "sport = :$0" | sed "s/.*pid=\\([0-9]*\\).*/\\1/"',
      new URL(url).port,
    ])
    await using connection = connect({ 'etcd-1': { url } })
    await untilWell(etcd, connection)
    // By number: those below ten are all taken.
    execFileSync('prlimit', ['--pid', String(pid).trim(), '--nofile=10:'])
    const { message, observation } = await untilViolated(connection, 'new_clients_refused')
    assert.match(message, /accepted, and nobody answers/)
    assert.equal(observation.nodes['etcd-1']?.reach, 'answered')
    execFileSync('prlimit', ['--pid', String(pid).trim(), '--nofile=4096:'])
    await untilWell(etcd, connection)
  })
})

test('a gateway that is off is said at once', async () => {
  const { cluster, url } = await startOne('http', '127.0.0.1', { 'enable-grpc-gateway': false })
  await using _ = cluster
  await isThere(url, {})
  assert.match((await observe(url)).error, /gRPC gateway is off.*--enable-grpc-gateway/)
})

test('auth: who is nobody is told which option helps; a token is got and renewed', async () => {
  const { cluster, url } = await startOne('http', '127.0.0.1', { 'auth-token': 'simple' })
  await using _ = cluster
  await isThere(url, {})
  const ctl = (...args: string[]) =>
    spawnSync('etcdctl', ['--endpoints', url, ...args], { env: { ...process.env, ETCDCTL_API: '3' } })
  for (const line of ['user add root:secret', 'role add root', 'user grant-role root root', 'auth enable'])
    assert.equal(ctl(...line.split(' ')).status, 0, line)
  const { keyValue } = await import('../src/subjects/etcd/kv.ts')
  const credentials = { user: 'root', password: 'secret' }
  const soon = () => AbortSignal.timeout(slowed(5_000))
  using nobody = keyValue(url)
  assert.equal(await nobody.put('a', '1', soon()), 'perhaps')
  using stranger = keyValue(url, systemClock, { credentials: { ...credentials, password: 'wrong' } })
  assert.equal(await stranger.put('a', '1', soon()), 'perhaps')
  using root = keyValue(url, systemClock, { credentials })
  assert.equal(await root.put('a', '1', soon()), 'acknowledged')
  // Its tokens are in its memory only.
  await cluster.kill('etcd-1')
  cluster.start('etcd-1')
  await isThere(url, { credentials })
  assert.equal(await root.put('a', '2', soon()), 'acknowledged')
  const seen = await observe(url, { credentials })
  assert.deepEqual([seen.healthy, seen.violated, seen.error], [true, [], ''])
})
