import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { test } from 'node:test'
import { slowed } from '../../../../test/standins/until.ts'
import { labels } from '../labels.ts'
import { serveSocket } from './server.ts'

test('what never becomes a request is refused, and recorded all the same', async () => {
  using folder = place()
  const [socket, audit] = [folder.at('docker.sock'), folder.at('requests.jsonl')]
  // No engine: nothing may get that far.
  await using _server = await serveSocket({
    address: { socketPath: folder.at('none') },
    id: 'c1',
    socket,
    audit,
  })
  for (const [i, bytes] of [
    'CONNECT 10.0.0.1:80 HTTP/1.1\r\nHost: d\r\n\r\n',
    'GET /info HTTP/1.1\r\nHost: d\r\nExpect: more\r\nConnection: close\r\n\r\n',
    'GET /info HTTP/1.1\r\nConnection: close\r\n\r\n',
    'GET /info HTTP/0.9\r\n\r\n',
  ].entries()) {
    const client = connect(socket)
    client.write(bytes)
    const [answer] = await once(client, 'data', { signal: AbortSignal.timeout(slowed(10_000)) })
    client.destroy()
    assert.match(String(answer), /^HTTP\/1\.1 4\d\d /, bytes)
    const lines = readFileSync(audit, 'utf8').trimEnd().split('\n')
    assert.equal(lines.length, i + 1, bytes)
    assert.ok(JSON.parse(lines.at(-1) ?? '').refused, bytes)
  }
})

const place = () => {
  const folder = mkdtempSync(join(tmpdir(), 'socket-'))
  const at = (name: string) => join(folder, name)
  return { at, [Symbol.dispose]: () => rmSync(folder, { recursive: true }) }
}

async function ask(socket: string, line: string, body = ''): Promise<string> {
  const client = connect(socket)
  const head = `${line} HTTP/1.1\r\nHost: d\r\nConnection: close\r\nContent-Length: ${body.length}\r\n\r\n`
  client.write(head + body)
  return text(client)
}

test('who asks on and on fills no disk', async () => {
  using folder = place()
  const [socket, audit] = [folder.at('docker.sock'), folder.at('requests.jsonl')]
  const options = { address: { socketPath: folder.at('none') }, id: 'c1', socket, audit, auditBytes: 1_000 }
  await using _server = await serveSocket(options)
  assert.match(await ask(socket, 'GET /info'), /^HTTP\/1\.1 403 /)
  for (let i = 0; i < 20; i++) await ask(socket, 'GET /info')
  assert.match(await ask(socket, 'GET /_ping'), /^HTTP\/1\.1 503 /)
  assert.ok(readFileSync(audit).length <= 1_000)
})

test('what cannot be recorded is not done, and nobody ends for it', async () => {
  using folder = place()
  const socket = folder.at('docker.sock')
  // A full disk, as the kernel has it.
  const options = { address: { socketPath: folder.at('none') }, id: 'c1', socket, audit: '/dev/full' }
  await using _server = await serveSocket(options)
  for (const line of ['noise', 'CONNECT 10.0.0.1:80']) assert.match(await ask(socket, line), /^HTTP\/1\.1 4/)
  assert.match(await ask(socket, 'GET /_ping'), /^HTTP\/1\.1 503 .*cannot be recorded/s)
})

test('many that are asked for at once are no more than one after the other', async () => {
  using folder = place()
  const container = (n: number, role: string) => ({
    Id: String(n).padStart(64, '0'),
    Names: [`/c1-${n}`],
    Image: 'tools:1',
    State: 'running',
    Labels: { [labels.id]: 'c1', [labels.role]: role },
  })
  const all = [container(0, 'bastion')]
  const engine = createServer((request, response) => {
    if (request.url === '/version') return response.end('{}')
    if (request.method === 'GET') return response.end(JSON.stringify(all))
    // An engine takes its time.
    setTimeout(() => {
      all.push(container(all.length, 'extra'))
      response.writeHead(201).end(JSON.stringify({ Id: all.at(-1)?.Id }))
    }, 5)
  })
  await new Promise<void>((resolve) => engine.listen(folder.at('engine'), resolve))
  try {
    const socket = folder.at('docker.sock')
    const address = { socketPath: folder.at('engine') }
    await using _server = await serveSocket({ address, id: 'c1', socket, audit: folder.at('audit') })
    const one = () => ask(socket, 'POST /containers/create', '{"Image":"tools:1"}')
    const answers = await Promise.all(Array.from({ length: 20 }, one))
    assert.equal(answers.filter((answer) => answer.startsWith('HTTP/1.1 201 ')).length, 8)
    assert.equal(all.length, 9)
  } finally {
    engine.close()
  }
})
