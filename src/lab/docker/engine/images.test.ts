import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { BadInput, MachineLacks } from '../../../core/errors.ts'
import { topology as etcd } from '../../../subjects/etcd/topology.ts'
import { topology as tikv } from '../../../subjects/tikv/topology.ts'
import { engine } from './engine.ts'
import { imagesOf, pullMissing } from './images.ts'

test('every node has its official image, with one version for all of a cluster', () => {
  const images = imagesOf(tikv(3), {})
  const [pd = '', ...others] = new Set(Object.values(images))
  const [, version] = /^pingcap\/pd:(v\d+\.\d+\.\d+)$/.exec(pd) ?? []
  assert.deepEqual(others, [`pingcap/tikv:${version}`])
})

test('a variable replaces it for the nodes of one kind', () => {
  const chosen = imagesOf(tikv(3), { OPERATOR_IMAGE_PD: 'mine/pd:1', OPERATOR_IMAGE_TIKV: 'mine/tikv:2' })
  assert.deepEqual([chosen['pd-2'], chosen['tikv-3']], ['mine/pd:1', 'mine/tikv:2'])
  assert.equal(imagesOf(etcd(1), { OPERATOR_IMAGE_ETCD: 'mine/etcd' })['etcd-1'], 'mine/etcd')
})

test('what has no image cannot run there, and says so', () => {
  const { nodes, ...rest } = etcd(1)
  const bare = { ...rest, nodes: nodes.map(({ image: _, ...node }) => node) }
  assert.throws(
    () => imagesOf(bare, {}),
    (error) => error instanceof BadInput && /no image for etcd-1/.test(error.message),
  )
})

test('how far a pull is, is said now and then; so is that it begins again', async () => {
  const down = (current: number, id = 'a') => ({
    id,
    status: 'Downloading',
    progressDetail: { current, total: 100 },
  })
  const retrying = (seconds: number) => ({ id: 'a', status: `Retrying in ${seconds} seconds` })
  const lines = [
    { status: 'Pulling from x', id: '1' },
    down(1),
    down(25),
    down(26),
    retrying(5),
    retrying(4),
    down(30),
    retrying(10),
    down(99),
    { id: 'a', status: 'Extracting', progressDetail: { current: 5, total: 100 } },
  ]
  let pulled = false
  const server = createServer(({ url = '' }, response) => {
    if (url === '/version') return response.end('{}')
    if (!url.includes('/images/create')) return response.writeHead(pulled ? 200 : 404).end('{}')
    pulled = true
    assert.equal(new URL(url, 'http://x').searchParams.get('fromImage'), 'some/image:latest')
    response.end(lines.map((line) => `${JSON.stringify(line)}\r\n`).join(''))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const notes: string[] = []
  try {
    const docker = engine({ host: '127.0.0.1', port: (server.address() as AddressInfo).port })
    const options = { signal: new AbortController().signal, note: (line: string) => notes.push(line) }
    await pullMissing(docker, { 'a-1': 'some/image', 'a-2': 'some/image' }, options)
  } finally {
    server.close()
  }
  const again = ': interrupted, the engine tries again'
  assert.deepEqual(
    notes.map((note) => note.replace(/^pulling some\/image/, '')),
    ['', ': 25 %', again, again, ': 99 %'],
  )
})

test('an engine that ends in the middle of a pull is named, with what to do', async () => {
  for (const last of ['', '{"status":"Downl', '{"status":"Downloading"}\n']) {
    const server = createServer(({ url = '' }, response) => {
      if (url === '/version') return response.end('{}')
      if (!url.includes('/images/create')) return response.writeHead(404).end('{}')
      response.write(`{"status":"Pulling from x"}\n${last}`, () => response.destroy())
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    try {
      const docker = engine({ host: '127.0.0.1', port: (server.address() as AddressInfo).port })
      const pulling = pullMissing(docker, { 'a-1': 'some/image' }, { signal: new AbortController().signal })
      await assert.rejects(pulling, (error) => {
        assert.ok(error instanceof MachineLacks)
        assert.match(
          error.message,
          /some\/image cannot be pulled: the engine cut off its answer\. .*OPERATOR_IMAGE_A=/,
        )
        return true
      })
    } finally {
      server.close()
    }
  }
})
