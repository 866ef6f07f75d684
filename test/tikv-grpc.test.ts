import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { once } from 'node:events'
import net, { type AddressInfo } from 'node:net'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { promisify } from 'node:util'
import { gzipSync } from 'node:zlib'
import { status } from '@grpc/grpc-js'
import type { Channel } from '../src/subjects/tikv/wire/call.ts'
import { channelTo } from '../src/subjects/tikv/wire/channel.ts'
import { rawGet, rawPut } from '../src/subjects/tikv/wire/messages.ts'
import { liar, lies } from '../src/testing/liar.ts'
import { freePorts } from './standins/etcd.ts'
import { answers, faults, faulty, framed } from './standins/tikv/faulty.ts'
import { grpcServer, on, portOf, Refusal } from './standins/tikv/serve.ts'
import { slowed, until } from './standins/until.ts'

const soon = () => AbortSignal.timeout(slowed(10_000))
const root = join(import.meta.dirname, '..')

async function serving() {
  const [port = 0] = await freePorts(1)
  const address = `127.0.0.1:${port}`
  const grpc = grpcServer([
    on(rawPut, ({ key }) => {
      if (Buffer.from(key).toString() === 'refuse') throw new Refusal(status.UNAVAILABLE, 'not ready: ü 100%')
      return { error: `${key.length} bytes` }
    }),
  ])
  const server = portOf(address, { grpc })
  await server.open()
  return { address, ...server, [Symbol.asyncDispose]: () => server.close() }
}

/** A call that waits a moment longer for its answer once the server has read it. */
async function readAndLeft(server: { read(): number }, channel: Channel) {
  const over = new AbortController()
  const before = server.read()
  const answer = channel.call(rawPut, { key: Buffer.from('k') }, over.signal)
  await until('it is read', () => server.read() > before, 15_000)
  const wait = setTimeout(() => over.abort(), 500)
  try {
    return await answer
  } finally {
    clearTimeout(wait)
  }
}

describe('a gRPC call', () => {
  test('is answered, refused with a code, or not known there', async () => {
    await using server = await serving()
    using channel = channelTo(server.address)
    const put = (key: string) => channel.call(rawPut, { key: Buffer.from(key) }, soon())
    assert.deepEqual(await put('abc'), { kind: 'ok', message: { regionError: null, error: '3 bytes' } })
    assert.deepEqual(await put('refuse'), { kind: 'failed', code: 14, detail: 'not ready: ü 100%' })
    const other = await channel.call(rawGet, {}, soon())
    assert.deepEqual([other.kind, other.kind === 'failed' && other.code], ['failed', 12])
    const all = await Promise.all(Array.from({ length: 50 }, (_, i) => put('x'.repeat(i + 1))))
    assert.ok(all.every((answer, i) => answer.kind === 'ok' && answer.message.error === `${i + 1} bytes`))
  })

  test('may be answered in compressed form, and by a server that takes its time to greet', async () => {
    const packed = framed(gzipSync(Buffer.from('12026f6b', 'hex')), { compressed: true })
    await using server = await faulty(answers(packed, '0', { 'grpc-encoding': 'gzip' }), {
      greetsAfterMs: 200,
    })
    using channel = channelTo(server.address)
    const answer = await channel.call(rawPut, {}, soon())
    assert.deepEqual(answer, { kind: 'ok', message: { regionError: null, error: 'ok' } })
  })

  for (const [what, fault] of Object.entries(faults)) {
    test(`to a server that ${what} was sent once and has failed`, async () => {
      await using server = await faulty(fault)
      using channel = channelTo(server.address)
      const answer = await readAndLeft(server, channel)
      assert.deepEqual([answer.kind, server.read()], ['failed', 1], JSON.stringify(answer))
      // The next one is asked all the same, and the one before did not come again with it.
      await readAndLeft(server, channel)
      assert.equal(server.read(), 2)
    })
  }

  test('shares its connection with those of its channel, until one was not answered in time', async () => {
    let fault = answers(framed(Buffer.alloc(0)))
    await using server = await faulty((...args) => fault(...args))
    using channel = channelTo(server.address)
    using other = channelTo(server.address)
    const put = (of = channel) => of.call(rawPut, {}, soon())
    for (let i = 0; i < 3; i++) assert.equal((await put()).kind, 'ok')
    assert.equal(server.used(), 1)
    await put(other)
    assert.equal(server.used(), 2)
    const well = fault
    fault = () => undefined
    assert.equal((await readAndLeft(server, channel)).kind, 'failed')
    fault = well
    assert.deepEqual([(await put()).kind, server.used()], ['ok', 3])
  })

  test('to a port that nobody listens on is unsent, and the first one after somebody does is answered', async () => {
    await using server = await serving()
    await server.close()
    using channel = channelTo(server.address)
    const kind = async () => (await channel.call(rawPut, {}, soon())).kind
    for (let i = 0; i < 20; i++) assert.equal(await kind(), 'unsent')
    await server.open()
    assert.equal(await kind(), 'ok', 'no pause between attempts')
    await server.close()
    await server.open()
    await until('it is answered after a restart', async () => (await kind()) === 'ok', 15_000)
  })

  test('to a peer that accepts and says nothing is unsent: it has seen no part of it', async () => {
    const seen: Buffer[] = []
    const sockets = new Set<net.Socket>()
    const server = net.createServer((socket) => {
      sockets.add(socket.on('close', () => sockets.delete(socket)).on('error', () => undefined))
      socket.on('data', (chunk) => seen.push(chunk))
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    {
      using channel = channelTo(`127.0.0.1:${(server.address() as AddressInfo).port}`)
      const over = new AbortController()
      const calls = Array.from({ length: 3 }, () => channel.call(rawPut, {}, over.signal))
      await until('they connect', () => seen.length > 0, 15_000)
      setTimeout(() => over.abort(), 200)
      const kinds = (await Promise.all(calls)).map(({ kind }) => kind)
      assert.deepEqual(kinds, ['unsent', 'unsent', 'unsent'])
    }
    await until('nothing is open', () => sockets.size === 0, 15_000)
    server.close()
    const types = frameTypes(Buffer.concat(seen))
    assert.deepEqual([types.includes(settings), types.includes(headers)], [true, false], types.join(' '))
  })

  test('without time or to no address is unsent', async () => {
    await using server = await serving()
    for (const address of ['127.0.0.1:NaN', 'a b:1', '', 'nobody.invalid:1']) {
      using channel = channelTo(address)
      assert.equal((await channel.call(rawPut, {}, soon())).kind, 'unsent', address)
    }
    using channel = channelTo(server.address)
    assert.equal((await channel.call(rawPut, {}, AbortSignal.abort())).kind, 'unsent')
    const soonOver = new AbortController()
    const called = channel.call(rawPut, {}, soonOver.signal)
    soonOver.abort()
    assert.equal((await called).kind, 'unsent')
    assert.equal((await channel.call(rawPut, {}, soon())).kind, 'ok')
    channel[Symbol.dispose]()
    assert.equal((await channel.call(rawPut, {}, soon())).kind, 'unsent')
  })

  for (const [lie, tell] of Object.entries(lies)) {
    test(`to a peer that ${lie} is unsent, and leaves nothing open`, async () => {
      await using peer = await liar(tell)
      {
        using channel = channelTo(`127.0.0.1:${peer.port}`)
        const answer = await channel.call(rawPut, { key: Buffer.from('k') }, AbortSignal.timeout(300))
        assert.equal(answer.kind, 'unsent')
      }
      await until('nothing is open', () => peer.open() === 0, 15_000)
    })
  }
})

const run = promisify(execFile)
const node = (script: string, env: NodeJS.ProcessEnv = {}) =>
  run(process.execPath, ['--disable-warning=ExperimentalWarning', '--input-type=module', '-e', script], {
    cwd: root,
    env: { ...process.env, ...env },
  })

describe('the gRPC library', () => {
  test('asks no proxy of the environment, and says nothing on standard error', async () => {
    await using server = await serving()
    const proxy = 'http://127.0.0.1:1'
    const { stdout, stderr } = await node(
      `const { channelTo } = await import('./src/subjects/tikv/wire/channel.ts')
      const { rawPut } = await import('./src/subjects/tikv/wire/messages.ts')
      using channel = channelTo('${server.address}')
      console.log((await channel.call(rawPut, {}, AbortSignal.timeout(10_000))).kind)`,
      { grpc_proxy: proxy, http_proxy: proxy, no_proxy: '', GRPC_VERBOSITY: 'DEBUG', GRPC_TRACE: 'all' },
    )
    assert.deepEqual([stdout, stderr], ['ok\n', ''])
  })

  test('is loaded by the first call only', async () => {
    const { stdout } = await node(
      `import { createRequire } from 'node:module'
      const { subjects } = await import('./src/subjects/subjects.ts')
      const loaded = () => Object.keys(createRequire(import.meta.url).cache).some((path) => /node_modules.(@grpc|protobufjs)/.test(path))
      const { channelTo } = await import('./src/subjects/tikv/wire/channel.ts')
      const { rawPut } = await import('./src/subjects/tikv/wire/messages.ts')
      using channel = channelTo('127.0.0.1:1')
      const before = loaded()
      await channel.call(rawPut, {}, AbortSignal.timeout(10_000))
      console.log(Object.keys(subjects).length, before, loaded())`,
    )
    assert.equal(stdout, '4 false true\n')
  })
})

const [headers, settings] = [1, 4]

/** RFC 9113, section 4.1: three bytes of length, one of type, five more; before them the client's preface. */
function frameTypes(bytes: Buffer): number[] {
  const types: number[] = []
  let at = bytes.indexOf('SM\r\n\r\n') + 6
  while (at + 9 <= bytes.length) {
    types.push(bytes.readUInt8(at + 3))
    // Of a second connection.
    const next = at + 9 + bytes.readUIntBE(at, 3)
    at = bytes.subarray(next, next + 3).toString() === 'PRI' ? next + 24 : next
  }
  return types
}
