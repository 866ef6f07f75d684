import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { engine } from '../../src/lab/docker/engine/engine.ts'
import { filesIn, tarOf } from './tar.ts'

// A registry of one image, as engines pull from: https://distribution.github.io/distribution/spec/api/

/** What is wrong with it. */
export type Mood =
  /** `pace` is waited for before each part of a blob, of which there are about fifty: how much of it has been sent, 0 to 1. */
  | { kind: 'well'; pace?: (sent: number) => Promise<void> }
  /** Of everything, or only of the image's layers. */
  | { kind: 'broken'; of: 'manifests' | 'blobs' }
  /** Every blob ends in the middle. */
  | { kind: 'cut' }
  /** What it sends is not what the manifest says. */
  | { kind: 'lies' }

export interface Registry extends AsyncDisposable {
  /** `HOST:PORT/NAME:TAG` */
  image: string
  /** The same by its digest, `HOST:PORT/NAME@sha256:...`. */
  byDigest: string
  mood: Mood
  /** How many layers are being sent at this moment. */
  sending(): number
  /** What has been asked for since the start, `METHOD PATH`. */
  asked: string[]
}

const types = {
  manifest: 'application/vnd.docker.distribution.manifest.v2+json',
  config: 'application/vnd.docker.container.image.v1+json',
  layer: 'application/vnd.docker.image.rootfs.diff.tar.gzip',
}
const digestOf = (bytes: Buffer): string => `sha256:${createHash('sha256').update(bytes).digest('hex')}`
const described = (mediaType: string, bytes: Buffer) => ({
  mediaType,
  size: bytes.length,
  digest: digestOf(bytes),
})

/** Serves an image that the engine has, with a layer of its own beneath the others, so that none of them is there yet. */
export async function registryOf(image: string, name: string): Promise<Registry> {
  const files = filesIn(await buffer(await engine().stream('GET', `/images/${image}/get`)))
  const [saved] = JSON.parse(String(files.get('manifest.json'))) as [{ Config: string; Layers: string[] }]
  const bytesOf = (path: string) => files.get(path) ?? Buffer.alloc(0)
  const layers = [tarOf('pulled', `${name} ${process.pid}\n`), ...saved.Layers.map(bytesOf)]
  const was = JSON.parse(String(bytesOf(saved.Config)))
  const config = Buffer.from(
    JSON.stringify({ ...was, history: [], rootfs: { type: 'layers', diff_ids: layers.map(digestOf) } }),
  )
  const manifest = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: types.manifest,
      config: described(types.config, config),
      layers: layers.map((layer) => described(types.layer, layer)),
    }),
  )
  const blobs = new Map([config, ...layers].map((bytes) => [digestOf(bytes), bytes]))
  let mood: Mood = { kind: 'well' }
  let sending = 0
  const asked: string[] = []

  const answer = async ({ method, url: path = '', headers }: IncomingMessage, response: ServerResponse) => {
    asked.push(`${method} ${path}`)
    const [, kind = '', reference = ''] = /^\/v2\/\w+\/(manifests|blobs)\/(.*)$/.exec(path) ?? []
    if (path === '/v2/') return response.end('{}')
    if (mood.kind === 'broken' && (mood.of === kind || mood.of === 'manifests'))
      return response.writeHead(500).end('{"errors":[]}')
    const known = ['1', digestOf(manifest)].includes(reference) ? manifest : undefined
    const bytes = kind === 'manifests' ? known : blobs.get(reference)
    if (!bytes) {
      const code = kind === 'manifests' ? 'MANIFEST_UNKNOWN' : 'BLOB_UNKNOWN'
      return response.writeHead(404).end(JSON.stringify({ errors: [{ code, message: 'unknown' }] }))
    }
    // Engines go on where a download broke off.
    const from = Number(/^bytes=(\d+)-$/.exec(headers.range ?? '')?.[1] ?? 0)
    response.writeHead(from > 0 ? 206 : 200, {
      'Content-Type': kind === 'manifests' ? types.manifest : 'application/octet-stream',
      'Content-Length': bytes.length - from,
      'Docker-Content-Digest': digestOf(bytes),
      ...(from > 0 && { 'Content-Range': `bytes ${from}-${bytes.length - 1}/${bytes.length}` }),
    })
    if (method === 'HEAD') return response.end()
    if (kind === 'manifests' || bytes === config) return response.end(bytes)
    sending++
    response.on('close', () => sending--)
    await send(bytes.subarray(from), response)
  }

  const send = async (bytes: Buffer, response: ServerResponse) => {
    const part = Math.ceil(bytes.length / 50)
    const closed = once(response, 'close')
    for (let at = 0; at < bytes.length && !response.destroyed; at += part) {
      if (mood.kind === 'well') await mood.pace?.(at / bytes.length)
      if (mood.kind === 'cut' && at * 2 > bytes.length) return response.destroy()
      const chunk = Buffer.from(bytes.subarray(at, at + part))
      if (mood.kind === 'lies') chunk[0] = ~(chunk[0] ?? 0)
      if (!response.write(chunk)) await Promise.race([once(response, 'drain'), closed])
    }
    response.end()
  }

  const server = createServer((request, response) => {
    answer(request, response).catch((error) => response.destroy(error))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const repository = `127.0.0.1:${(server.address() as AddressInfo).port}/${name}`
  return {
    image: `${repository}:1`,
    byDigest: `${repository}@${digestOf(manifest)}`,
    get mood() {
      return mood
    },
    set mood(next) {
      mood = next
    },
    sending: () => sending,
    asked,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      server.close()
    },
  }
}
