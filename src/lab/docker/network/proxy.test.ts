import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import { after, before, describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { freePorts } from '../../../../test/standins/etcd.ts'
import { until } from '../../../../test/standins/until.ts'

const program = fileURLToPath(new URL('./proxy.pl', import.meta.url))

/** All that comes until the other end ends it; `reset`: it was broken off. */
async function all(socket: Socket): Promise<{ text: string; reset: boolean }> {
  const chunks: Buffer[] = []
  let reset = false
  socket.on('data', (chunk: Buffer) => chunks.push(chunk))
  socket.on('error', () => {
    reset = true
  })
  await new Promise((resolve) => socket.on('close', resolve))
  return { text: Buffer.concat(chunks).toString(), reset }
}

/** Runs it until the end of `undo`; resolves when it listens on `port`. `files`: as many as it may have open. */
async function startProxy(undo: AsyncDisposableStack, port: number, argv: readonly number[], files = 1_024) {
  const words = argv.map((one, i) => (i % 3 === 1 ? '127.0.0.1' : String(one)))
  const proxy = spawn('sh', ['-c', `ulimit -n ${files}; exec perl "$@"`, 'sh', program, ...words], {
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  undo.defer(() => void proxy.kill('SIGKILL'))
  const listens = () =>
    new Promise<boolean>((resolve) => {
      const socket = connect(port, '127.0.0.1')
      socket.on('connect', () => resolve(true)).on('error', () => resolve(false))
      socket.on('connect', () => socket.destroy())
    })
  await until('it listens', listens, 15_000)
}

describe('the TCP proxy', () => {
  const undo = new AsyncDisposableStack()
  const open = new Set<Socket>()
  const files = 24
  let port = 0
  let closed = 0
  let narrow = 0
  before(async () => {
    // An echo that answers once it was asked to the end.
    const server = createServer({ allowHalfOpen: true }, (socket) => {
      open.add(socket)
      const asked: Buffer[] = []
      socket.on('data', (chunk: Buffer) => asked.push(chunk))
      socket.on('end', () => asked.length > 0 && socket.end(Buffer.concat(asked)))
      socket.on('error', () => undefined)
      socket.on('close', () => open.delete(socket))
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    undo.defer(() => {
      server.close()
      for (const socket of open) socket.destroy()
    })
    const { port: there } = server.address() as { port: number }
    const ports = await freePorts(5)
    const [other = 0, nobody = 0] = ports
    ;[, , port = 0, closed = 0, narrow = 0] = ports
    await startProxy(undo, closed, [port, 0, there, closed, 0, nobody])
    await startProxy(undo, other, [narrow, 0, there, other, 0, nobody], files)
  })
  after(() => undo.disposeAsync())

  test('passes on all that is said, both ways, and each end', async () => {
    const text = 'x'.repeat(3_000_000)
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
    socket.end(text)
    const answer = await all(socket)
    assert.equal(answer.text.length, text.length)
    assert.equal(answer.reset, false)
    await until('nothing is left open', () => open.size === 0)
  })

  test('takes hundreds at once', async () => {
    const answers = Array.from({ length: 300 }, (_, i) => {
      const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
      socket.end(`${i}`)
      return all(socket)
    })
    assert.deepEqual(
      (await Promise.all(answers)).map(({ text }) => text),
      Array.from({ length: 300 }, (_, i) => `${i}`),
    )
    await until('nothing is left open', () => open.size === 0)
  })

  test('breaks off what nobody takes, and what whoever asked does not wait for', async () => {
    const refused = await all(connect(closed, '127.0.0.1'))
    assert.deepEqual(refused, { text: '', reset: true })
    const gone = connect({ port, host: '127.0.0.1' })
    await until('it has come through', () => open.size === 1)
    gone.resetAndDestroy()
    await until('nothing is left open', () => open.size === 0)
    // Asks nothing, so that it is never answered.
    const silent = connect({ port, host: '127.0.0.1' })
    silent.end()
    assert.deepEqual(await all(silent), { text: '', reset: true })
  })
  test('lets those wait for whom it has no files, and takes them when others go', async () => {
    const sockets = Array.from({ length: 40 }, () =>
      connect({ port: narrow, host: '127.0.0.1', allowHalfOpen: true }),
    )
    const answers = sockets.map(all)
    for (const [i, socket] of sockets.entries()) socket.write(`${i}`)
    // Each takes two; some are the program's own.
    await until('it is full', () => open.size >= files / 2 - 5)
    assert.ok(open.size <= files / 2, `${open.size} at once`)
    for (const socket of sockets) socket.end()
    assert.deepEqual(
      await Promise.all(answers),
      sockets.map((_, i) => ({ text: `${i}`, reset: false })),
    )
  })

  test('a slow reader gets all that a node said before it ended', async () => {
    const text = 'x'.repeat(6_000_000)
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
    socket.end(text)
    // The last of it takes longer than anybody else is waited for: more is on its way than is read in that time.
    socket.on('data', () => {
      socket.pause()
      setTimeout(() => socket.resume(), 60)
    })
    const answer = await all(socket)
    assert.deepEqual([answer.text.length, answer.reset], [text.length, false])
  })
})
