import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { BadInput, MachineLacks, messageOf } from '../../../core/errors.ts'
import type { Topology } from '../../../core/watch/topology.ts'
import { type Engine, tolerating } from './engine.ts'

/** Built from `images/agent/Dockerfile`: a shell and the tools of an on-call engineer. */
export const toolsImage = 'sre-bastion:1'

const toolsFolder = fileURLToPath(new URL('../../../../images/agent', import.meta.url))

/** The image of each node. `OPERATOR_IMAGE_ETCD=...` replaces the topology's own for `etcd-1`, `etcd-2` and so on. */
export function imagesOf(topology: Topology, env: NodeJS.ProcessEnv = process.env): Record<string, string> {
  return Object.fromEntries(
    topology.nodes.map(({ name, image }) => {
      const chosen = env[variableFor(name)] ?? image
      if (!chosen)
        throw new BadInput(`${topology.subject} names no image for ${name}: it cannot run on Docker`)
      return [name, chosen]
    }),
  )
}

/** `OPERATOR_IMAGE_PD` for `pd-1`: names of nodes of one kind differ only in their number. */
const variableFor = (node: string): string =>
  `OPERATOR_IMAGE_${node
    .replace(/-?\d+$/, '')
    .toUpperCase()
    .replaceAll('-', '_')}`

export async function requireToolsImage(engine: Engine): Promise<void> {
  if (await hasImage(engine, toolsImage)) return
  throw new MachineLacks(
    `the image ${toolsImage}, in which commands run, is not here. Build it: docker build -t ${toolsImage} ${toolsFolder}`,
  )
}

async function hasImage(engine: Engine, image: string): Promise<boolean> {
  return (await tolerating([404], engine.ask('GET', `/images/${image}/json`))) !== null
}

/**
 * Folders for which an image wants a volume (`VOLUME`): the engine would make one on the host's disk, without a limit of
 * size.
 */
export async function volumesIn(engine: Engine, image: string): Promise<string[]> {
  const { Config } = await engine.ask<{ Config?: { Volumes?: Record<string, unknown> | null } }>(
    'GET',
    `/images/${image}/json`,
  )
  return Object.keys(Config?.Volumes ?? {}).map((path) => path.replace(/(?<=.)\/+$/, ''))
}

export interface PullOptions {
  signal: AbortSignal
  /** Receives the progress now and then. */
  note?: (line: string) => void
}

/** Pulls the images, given by node name, that are missing here. The engine cancels a pull whose connection is closed. */
export async function pullMissing(
  engine: Engine,
  images: Record<string, string>,
  options: PullOptions,
): Promise<void> {
  for (const [node, image] of Object.entries(images)) {
    if (!(await hasImage(engine, image))) await pull(engine, image, variableFor(node), options)
  }
}

interface Progress {
  id?: string
  status?: string
  error?: string
  progressDetail?: { current?: number; total?: number }
}

async function pull(engine: Engine, image: string, variable: string, options: PullOptions): Promise<void> {
  const { signal, note } = options
  note?.(`pulling ${image}`)
  const failed = (why: string) =>
    new MachineLacks(
      `the image ${image} cannot be pulled: ${why}. With it in a file: docker load -i FILE; or name another: ${variable}=...`,
    )
  const stream = await engine
    .stream('POST', '/images/create', { query: { fromImage: withTag(image) }, signal })
    .catch((error) => {
      throw signal.aborted || error instanceof MachineLacks ? error : failed(messageOf(error))
    })
  const error = await errorIn(stream, image, options).catch(() => 'the engine cut off its answer')
  signal.throwIfAborted()
  if (error !== null) throw failed(diskFix(error))
  if (!(await hasImage(engine, image))) throw failed('the engine does not have it afterwards')
}

/** Returns the engine's error message or null, and reports progress. Rejects when the answer is cut off. */
async function errorIn(
  stream: Readable,
  image: string,
  { signal, note }: PullOptions,
): Promise<string | null> {
  const layers = new Map<string, { current: number; total: number }>()
  let told = 0
  let retries = false
  for await (const line of createInterface({ input: stream, signal })) {
    if (line === '') continue
    const { id, status, error, progressDetail } = JSON.parse(line) as Progress
    if (error !== undefined) return error
    const { current = 0, total = 0 } = progressDetail ?? {}
    if (id && status === 'Downloading' && total > 0) layers.set(id, { current, total })
    // Seconds are counted until then.
    const broken = status?.startsWith('Retrying') === true
    if (broken && !retries) note?.(`pulling ${image}: interrupted, the engine tries again`)
    if (broken || status === 'Downloading') retries = broken
    const percent = percentOf([...layers.values()])
    if (percent >= told + 10) note?.(`pulling ${image}: ${percent} %`)
    if (percent >= told + 10) told = percent
  }
  return null
}

/** Adds `latest`: without a tag or digest the engine would pull every tag. */
const withTag = (image: string): string => (/[:@][^/]+$/.test(image) ? image : `${image}:latest`)

const diskFix = (error: string): string =>
  /no space left/i.test(error) ? `${error} (free some: docker system prune)` : error

function percentOf(layers: readonly { current: number; total: number }[]): number {
  const sum = (of: (layer: { current: number; total: number }) => number) =>
    layers.reduce((all, layer) => all + of(layer), 0)
  const total = sum((layer) => layer.total)
  return total === 0 ? 0 : Math.floor((100 * sum((layer) => layer.current)) / total)
}
