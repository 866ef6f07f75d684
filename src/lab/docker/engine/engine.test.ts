import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer, type RequestListener } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { slowed } from '../../../../test/standins/until.ts'
import { MachineLacks } from '../../../core/errors.ts'
import { engineAddress } from './address.ts'
import { EngineError, engine } from './engine.ts'

const folder = mkdtempSync(join(tmpdir(), 'engine-test-'))
after(() => rmSync(folder, { recursive: true, force: true }))

test('an engine that is not there is said, with the way to get it', async () => {
  const asked = engine({ socketPath: '/nowhere/docker.sock' }).ask('GET', '/version')
  await assert.rejects(asked, (error) => {
    assert.ok(error instanceof MachineLacks)
    return /\/nowhere\/docker.sock.*systemctl start docker.*DOCKER_HOST/.test(error.message)
  })
})

test('an engine is spoken to in the oldest version that both know', async () => {
  const asked: string[] = []
  let least = '"1.12"'
  const server = createServer(({ url = '' }, response) => {
    asked.push(url)
    response.end(url === '/version' ? `{"ApiVersion": "1.52", "MinAPIVersion": ${least}}` : '[]')
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = { host: '127.0.0.1', port: (server.address() as AddressInfo).port }
  try {
    const old = engine(address)
    await Promise.all([old.ask('GET', '/images/json'), old.ask('GET', '/networks')])
    least = '"1.44"'
    await engine(address).ask('GET', '/images/json')
    assert.deepEqual(asked.toSorted(), [
      '/v1.41/images/json',
      '/v1.41/networks',
      '/v1.44/images/json',
      '/version',
      '/version',
    ])
  } finally {
    server.close()
  }
})

/** Whatever is asked beside its version gets `answer`. */
async function engineThat(answer: RequestListener) {
  const socketPath = join(folder, 'docker.sock')
  const server = createServer((request, response) =>
    request.url === '/version' ? response.end('{"MinAPIVersion": "1.24"}') : answer(request, response),
  ).listen(socketPath)
  await once(server, 'listening')
  return {
    docker: engine({ socketPath }),
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

/** In a bounded time, whatever becomes of it. */
const settled = (doing: Promise<unknown>) =>
  Promise.race([
    doing.then(() => 'done', String),
    new Promise((resolve) => setTimeout(resolve, slowed(15_000), 'nothing').unref()),
  ])

test('an engine that ends in the middle of an answer, before it or in a stream is said, and nobody waits on', async () => {
  await using cut = await engineThat((_, response) => {
    response.write('[{"Id": "x"')
    setTimeout(() => response.destroy(), 20)
  })
  assert.match(String(await settled(cut.docker.ask('GET', '/containers/json'))), /cut off its answer/)
  const stream = await cut.docker.stream('GET', '/containers/x/logs')
  assert.match(String(await settled(stream.toArray())), /aborted/)
  await cut[Symbol.asyncDispose]()
  await using silent = await engineThat((_, response) => void response.destroy())
  for (const asked of [silent.docker.ask('POST', '/x'), silent.docker.hijack('/exec/x/start')])
    assert.match(String(await settled(asked)), /docker\.sock: socket hang up/)
})

test('a no is an error with its status and the engine’s own words, JSON or not; a stream that is none is one, too', async () => {
  const says = ['{"message": "No such container: x"}', 'a proxy says no\n']
  await using refusing = await engineThat((_, response) => void response.writeHead(404).end(says[0]))
  for (const words of ['No such container: x', 'a proxy says no']) {
    for (const asked of [refusing.docker.ask('GET', '/x'), refusing.docker.hijack('/x')])
      await assert.rejects(asked, new EngineError(404, words))
    says.shift()
  }
})

const { stdout: version } = spawnSync('openssl', ['version'], { encoding: 'utf8' })
const skip = /^OpenSSL [3-9]/.test(version ?? '') ? false : 'makes its certificates with OpenSSL 3'
const openssl = (...args: string[]) => execFileSync('openssl', args, { cwd: folder, stdio: 'pipe' })

test('over TLS the engine’s certificate is checked, and ours is shown', { skip }, async () => {
  for (const name of ['ca', 'server', 'key']) {
    const signed = name === 'ca' ? [] : ['-CA', 'ca.pem', '-CAkey', 'ca-key.pem']
    const key = name === 'key' ? 'key.pem' : `${name}-key.pem`
    const cert = name === 'key' ? 'cert.pem' : `${name}.pem`
    openssl(
      ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2'],
      ...['-subj', `/CN=${name}`, '-addext', 'subjectAltName=DNS:localhost', '-keyout', key, '-out', cert],
      ...signed,
    )
  }
  const pem = (name: string) => readFileSync(join(folder, `${name}.pem`), 'utf8')
  const seen: string[] = []
  const server = createSecureServer(
    {
      key: pem('server-key'),
      cert: pem('server'),
      ca: pem('ca'),
      requestCert: true,
      rejectUnauthorized: true,
    },
    ({ url = '' }, response) => {
      seen.push(url)
      response.end('{}')
    },
  ).listen(0)
  await once(server, 'listening')
  try {
    const { port } = server.address() as AddressInfo
    const told = { DOCKER_HOST: `tcp://localhost:${port}`, DOCKER_TLS_VERIFY: '1', DOCKER_CERT_PATH: folder }
    await engine(engineAddress(told)).ask('GET', '/info')
    assert.deepEqual(seen, ['/version', '/v1.41/info'])
    const address = engineAddress(told)
    assert.ok('host' in address && address.tls)
    const stranger = engine({ ...address, tls: { ...address.tls, ca: address.tls.cert } })
    await assert.rejects(stranger.ask('GET', '/info'), /tcp:\/\/localhost:\d+: .*certificate/)
    const { DOCKER_TLS_VERIFY: _, ...plain } = told
    await assert.rejects(engine(engineAddress(plain)).ask('GET', '/info'), /tcp:\/\/localhost/)
    assert.equal(seen.length, 2)
  } finally {
    server.close()
  }
})
