import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, afterEach, before, describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { systemClock } from '../src/core/clock.ts'
import { engine, tolerating } from '../src/lab/docker/engine/engine.ts'
import { imagesOf } from '../src/lab/docker/engine/images.ts'
import { topology } from '../src/subjects/etcd/topology.ts'
import { leftOf, noDocker } from './standins/docker.ts'
import { remains, treeOf } from './standins/processes.ts'
import { type Mood, type Registry, registryOf } from './standins/registry.ts'
import { slowed, until } from './standins/until.ts'

const main = fileURLToPath(new URL('../src/cli/main.ts', import.meta.url))
const id = 'pulled'

describe('pulling the image of a node', { skip: await noDocker() }, () => {
  const undo = new AsyncDisposableStack()
  const folder = mkdtempSync(join(tmpdir(), 'pulls-'))
  const started = new Set<ChildProcess>()
  let registry: Registry
  before(async () => {
    undo.defer(() => rmSync(folder, { recursive: true, force: true }))
    registry = undo.use(await registryOf(imagesOf(topology(1), {})['etcd-1'] ?? '', 'etcd'))
  })
  after(() => undo.disposeAsync())

  const forget = async () => {
    for (const image of [registry.image, registry.byDigest])
      await tolerating([404], engine().ask('DELETE', `/images/${image}`, { query: { force: '1' } }))
  }
  const nothingIsLeft = async () => {
    assert.deepEqual(await leftOf(id), [])
    assert.deepEqual(readdirSync(folder), [])
    assert.equal(registry.sending(), 0)
  }
  afterEach(async () => {
    registry.mood = { kind: 'well' }
    // Of a test that failed.
    for (const child of started) child.kill('SIGKILL')
    started.clear()
    if ((await leftOf(id)).length > 0) await down()
    await forget()
    await nothingIsLeft()
  })

  /** `operator lab ...`, which asks for `image`. */
  const operator = (args: readonly string[], image = registry.image) => {
    const env = { ...process.env, OPERATOR_IMAGE_ETCD: image, TMPDIR: folder }
    const child = spawn(process.execPath, [main, 'lab', ...args], {
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: slowed(90_000),
    })
    started.add(child)
    child.on('close', () => started.delete(child))
    const said = { out: '', err: '' }
    child.stdout.on('data', (chunk) => {
      said.out += chunk
    })
    child.stderr.on('data', (chunk) => {
      said.err += chunk
    })
    const ended = once(child, 'close').then(([code]) => ({ code, ...said }))
    return { child, said, ended }
  }
  const up = (image?: string, more: readonly string[] = []) =>
    operator(['up', 'etcd', '--size', '1', '--lab', 'docker', '--id', id, '--json', ...more], image)
  const down = () => operator(['down', id]).ended
  const isHere = async (image = registry.image) =>
    (await tolerating([404], engine().ask('GET', `/images/${image}/json`))) !== null

  for (const [signal, more] of [
    ['SIGINT', []],
    ['SIGKILL', ['--foreground']],
  ] as const)
    test(`${signal} in the middle ends the pull, leaves nothing, and the next one goes through`, async (t) => {
      const { promise: later, resolve: goOn } = Promise.withResolvers<void>()
      t.after(() => goOn())
      registry.mood = { kind: 'well', pace: (sent) => (sent < 0.6 ? systemClock.sleep(40) : later) }
      const { child, said, ended } = up(registry.image, more)
      await until('it says how far it is', () => /: [1-6]\d %$/m.test(said.err), 30_000)
      const family = treeOf(child.pid ?? 0)
      assert.ok(registry.sending() > 0)
      child.kill(signal)
      const { code, err, out } = await ended
      assert.deepEqual([code, out], [signal === 'SIGINT' ? 130 : null, ''], err)
      await until('nobody of it runs', () => remains(family, new Set()).length === 0)
      // An engine of 20.10 notices only when something more comes.
      goOn()
      await until('the engine has let go of it', () => registry.sending() === 0, 30_000)
      await nothingIsLeft()
      assert.equal(await isHere(), false)
      registry.mood = { kind: 'well' }
      const image = signal === 'SIGINT' ? registry.image : registry.byDigest
      const next = await up(image).ended
      assert.equal(next.code, 0, next.err)
      assert.equal(JSON.parse(next.out).id, id)
      const lines = next.err.split('\n').filter(Boolean)
      assert.equal(lines[0], `pulling ${image}`)
      assert.ok(
        lines.every((line) => line.startsWith(`pulling ${image}`)),
        next.err,
      )
      assert.equal((await down()).code, 0)
    })

  /** [what is wrong, mood, which image, what is said of it] */
  const failures: [string, Mood, (() => string) | undefined, RegExp][] = [
    [
      'a registry that is broken',
      { kind: 'broken', of: 'manifests' },
      undefined,
      /500 Internal Server Error/,
    ],
    ['one that has lost the layers', { kind: 'broken', of: 'blobs' }, undefined, /500 Internal Server Error/],
    ['downloads that always break off', { kind: 'cut' }, undefined, /EOF|unexpected|verif/i],
    ['a layer that is not what it should be', { kind: 'lies' }, undefined, /verification failed/],
    [
      'a tag that is not there',
      { kind: 'well' },
      () => registry.image.replace(/:1$/, ':2'),
      /manifest.*unknown/,
    ],
    ['nobody there', { kind: 'well' }, () => '127.0.0.1:1/etcd:1', /connection refused/],
  ]
  for (const [what, mood, image = () => registry.image, says] of failures)
    test(`${what}: said with what to do, and nothing is left`, async () => {
      registry.mood = mood
      const { code, out, err } = await up(image()).ended
      assert.deepEqual([code, out], [3, ''], err)
      assert.match(err, says)
      assert.match(
        err,
        new RegExp(`image ${image()} cannot be pulled: .*docker load -i FILE.*OPERATOR_IMAGE_ETCD=`),
      )
      assert.equal(await isHere(image()), false)
    })
})
