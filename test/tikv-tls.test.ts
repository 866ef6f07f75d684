import assert from 'node:assert/strict'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { ServerCredentials } from '@grpc/grpc-js'
import type { Tls } from '../src/core/watch/access.ts'
import { connect } from '../src/subjects/tikv/observe/observe.ts'
import { healthCheck } from '../src/subjects/tikv/wire/messages.ts'
import { certificates, noCertificates } from './standins/certificates.ts'
import { scripted } from './standins/scripted-http.ts'
import { goodPd } from './standins/tikv/scripted-pd.ts'
import { grpcServer, on } from './standins/tikv/serve.ts'
import { until } from './standins/until.ts'

const never = new AbortController().signal

test('PD and stores behind TLS are asked with the certificates that were given, over HTTP and gRPC', {
  skip: noCertificates,
}, async () => {
  const pem = certificates()
  const strict = {
    ca: pem('ca'),
    cert: pem('server'),
    key: pem('server-key'),
    requestCert: true,
    rejectUnauthorized: true,
  }
  await using pd = await scripted((path) => (goodPd[path] ? { body: goodPd[path] } : undefined), strict)
  await using store = await scripted((path) => (path === '/status' ? { body: '' } : undefined), strict)
  const grpc = grpcServer([on(healthCheck, () => ({ status: 1 }))])
  using _ = { [Symbol.dispose]: () => grpc.forceShutdown() }
  const pair = { private_key: pem('server-key'), cert_chain: pem('server') }
  const bind = promisify(grpc.bindAsync.bind(grpc))
  const port = await bind('127.0.0.1:0', ServerCredentials.createSsl(pem('ca'), [pair], true))
  const endpoints = {
    'pd-1': { url: pd.url },
    'tikv-1': { url: store.url, ports: { 20160: `127.0.0.1:${port}` } },
  }
  const observe = async (tls: Tls) => {
    await using connection = connect(endpoints, { tls })
    await connection.observe(never)
    const { nodes, cluster } = await connection.observe(never)
    const node = nodes['tikv-1']
    return {
      healthy: Object.values(nodes).map(({ healthy }) => healthy),
      serving: node?.kind === 'tikv' && node.serving,
      stores: cluster.stores?.length ?? null,
      errors: Object.values(nodes).map(({ error = '' }) => error),
    }
  }
  const own = { ca: pem('ca'), cert: pem('client'), key: pem('client-key') }
  for (const tls of [own, { ...own, ca: String(own.ca) }]) {
    const wanted = JSON.stringify([[true, true], true, 3])
    await until('all of it is seen', async () => {
      const { healthy, serving, stores } = await observe(tls)
      return JSON.stringify([healthy, serving, stores]) === wanted
    })
  }
  // Whose authority nobody knows is not believed, and who shows no certificate is not answered.
  for (const tls of [{}, { ca: pem('ca') }]) {
    const seen = await observe(tls)
    assert.deepEqual([seen.healthy.includes(true), seen.serving, seen.stores], [false, null, null])
    assert.ok(seen.errors.every((error) => error !== ''))
  }
})
