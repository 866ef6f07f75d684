import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Engine } from '../engine/engine.ts'
import { labels } from '../labels.ts'
import { Refused } from './bodies.ts'
import { decide } from './decide.ts'

const id = (digit: string) => digit.repeat(64)
const container = (Id: string, name: string, role: string, Image = 'tools:1') => ({
  Id,
  Image,
  Names: [`/${name}`],
  State: 'running',
  Labels: { [labels.id]: 'c1', [labels.role]: role, [labels.owner]: 'host 7 99' },
})
const containers = [
  container(id('a'), 'c1-bastion', 'bastion'),
  container(id('b'), 'c1-n1', 'node', 'subject:1'),
  container(`${id('b').slice(0, -1)}c`, 'c1-n1-net', 'link'),
  container(id('d'), 'c1-proxy', 'proxy'),
  container(id('e'), 'c1-mine', 'extra'),
]
/** All that is asked of it here is which containers a cluster has, and what its images are. */
const image = { Config: { Volumes: { '/data/': {}, '/tmp': {} } } }
const engine = {
  ask: async (_: string, path: string) => (path.startsWith('/images/') ? image : containers),
} as unknown as Engine

const ask = (method: string, url: string, body: unknown = null, upgraded = false) =>
  decide(engine, 'c1', new Set([id('f')]), { method, url, body, upgraded })
const passes = async (...asked: Parameters<typeof ask>) => {
  const decision = await ask(...asked)
  assert.equal(decision.kind, 'passed', JSON.stringify(decision))
  return decision as typeof decision & { kind: 'passed' }
}
const status = async (...asked: Parameters<typeof ask>): Promise<number> => {
  const decision = await ask(...asked).catch((error) => {
    assert.ok(error instanceof Refused, String(error))
    return { kind: 'refused' as const, status: 403 }
  })
  assert.equal(decision.kind, 'refused', JSON.stringify(decision))
  return decision.kind === 'refused' ? decision.status : 0
}

describe('a name', () => {
  test('becomes the full id, by id, name or an unambiguous beginning of at least four', async () => {
    for (const name of [id('e'), 'c1-mine', 'eeee', 'eeeeeeeeeeee'])
      assert.equal(
        (await passes('GET', `/v1.41/containers/${name}/json`)).path,
        `/containers/${id('e')}/json`,
      )
    for (const name of ['eee', 'bbbb', 'c1-proxy', id('d'), 'dddd', 'other', id('0'), 'EEEE'])
      assert.equal(await status('GET', `/containers/${name}/json`), 404, name)
  })

  test('of an exec, an image or a network is one of the cluster’s own', async () => {
    await passes('GET', `/exec/${id('f')}/json`)
    await passes('GET', '/images/subject:1/json')
    await passes('GET', '/networks/c1')
    for (const path of [`/exec/${id('a')}/json`, '/images/other:1/json', '/networks/bridge'])
      assert.equal(await status('GET', path), 404, path)
  })
})

test('only what a container is there for decides what may be done with it', async () => {
  for (const action of ['start', 'stop', 'restart', 'kill', 'pause', 'unpause', 'wait']) {
    await passes('POST', `/containers/c1-n1/${action}`)
    assert.equal(await status('POST', `/containers/c1-n1-net/${action}`), 403)
    assert.equal(await status('POST', `/containers/c1-bastion/${action}`), 403)
  }
  await passes('DELETE', '/containers/c1-mine?force=1')
  assert.equal(await status('DELETE', '/containers/c1-n1'), 403)
})

test('every path that could be read in two ways is refused', async () => {
  const paths = [
    '//info',
    '/containers//json',
    '/v1.41//containers/json',
    '/containers/json/',
    '/./containers/json',
    '/containers/../info',
    '/containers/c1-n1%2fjson',
    '/containers/c1-n1/json%00',
    '/Containers/json',
    '/v1.41/v1.41/version',
    '/v2/version',
    'http://x/version',
    '/containers/json?a?b',
    '/containers\\json',
    '*',
    '',
    '/containers/c1-n1/json#x',
    '/containers/c1-n1;x/json',
    '/containers/c1-n1 /json',
  ]
  for (const path of paths) assert.equal(await status('GET', path), 403, path)
})

test('ps, which the engine runs on the host, is not told to name another number PID', async () => {
  for (const args of ['-ef', '-eo pid,args', 'aux --sort -rss'])
    assert.equal(
      (await passes('GET', `/containers/c1-n1/top?ps_args=${encodeURIComponent(args)}`)).query.ps_args,
      args,
    )
  for (const args of ['-eorss=PID -oargs', '-o rss=PID', '-o pid\tx'])
    assert.equal(await status('GET', `/containers/c1-n1/top?ps_args=${encodeURIComponent(args)}`), 403, args)
})

test('lists are filtered, whatever filters were asked for', async () => {
  const filters = encodeURIComponent(JSON.stringify({ label: { 'a=b': true }, status: ['exited'] }))
  const { query } = await passes('GET', `/containers/json?all=1&filters=${filters}`)
  assert.deepEqual(JSON.parse(query.filters ?? ''), { label: ['a=b', `${labels.id}=c1`], status: ['exited'] })
  assert.equal(await status('GET', `/containers/json?filters=${encodeURIComponent('{"volume":["x"]}')}`), 403)
  for (const name of ['constructor', '__proto__'])
    await assert.rejects(
      ask('GET', `/containers/json?${name}=1`),
      new Refused(`parameter ${name} is not allowed here`),
    )
})

describe('a container that is made', () => {
  const make = (body: object, name = '') => ask('POST', `/containers/create${name && `?name=${name}`}`, body)
  const image = { Image: 'tools:1' }

  test('gets the cluster’s network, labels and owner, and nothing else that was not named', async () => {
    const decision = await passes('POST', '/containers/create', {
      ...image,
      Cmd: 'id',
      HostConfig: { AutoRemove: true },
    })
    const body = decision.body as { HostConfig: Record<string, unknown>; Labels: Record<string, string> }
    assert.equal(body.HostConfig.NetworkMode, 'c1')
    assert.equal(body.Labels[labels.id], 'c1')
    assert.equal(body.Labels[labels.owner], 'host 7 99')
    const names = [
      'AutoRemove',
      'Dns',
      'LogConfig',
      'Memory',
      'MemorySwap',
      'Mounts',
      'NetworkMode',
      'PidsLimit',
    ]
    assert.deepEqual(Object.keys(body.HostConfig).toSorted(), [...names, 'ReadonlyRootfs', 'Tmpfs'])
    assert.equal(body.HostConfig.ReadonlyRootfs, true)
    const mounts = body.HostConfig.Mounts as { Type: string; Target: string; VolumeOptions: object }[]
    assert.deepEqual(
      mounts.map(({ Type, Target }) => `${Type} ${Target}`),
      ['volume /data', 'volume /tmp', 'volume /var/tmp'],
    )
    for (const { VolumeOptions } of mounts)
      assert.match(JSON.stringify(VolumeOptions), /"tmpfs".*"size=\d+m,/)
  })

  test('may not ask for more, by any spelling', async () => {
    const more: object[] = [
      { Image: 'other:1' },
      { ...image, HostConfig: { Privileged: true } },
      { ...image, HostConfig: { Binds: ['/:/x'] } },
      { ...image, HostConfig: { NetworkMode: 'host' } },
      { ...image, HostConfig: { Tmpfs: { '/x': '' } } },
      { ...image, Volumes: { '/x': {} } },
      { ...image, hostconfig: { Privileged: true } },
      { ...image, HOSTCONFIG: { Binds: ['/:/x'] } },
      { ...image, HostConfig: { privileged: true } },
      { ...image, Labels: { [labels.id]: 'other' } },
      { ...image, ExposedPorts: { '1/tcp': {} } },
      { ...image, NetworkingConfig: { EndpointsConfig: { other: {} } } },
      { ...image, NetworkingConfig: { EndpointsConfig: { c1: { Aliases: ['n1'] } } } },
      { ...image, HostConfig: { Unheard: { Of: 1 } } },
      { ...image, HostConfig: { constructor: 1 } },
      { ...image, constructor: 1 },
      { ...image, Cmd: { a: 1 } },
      [] as object,
    ]
    for (const body of more) await assert.rejects(make(body), Refused, JSON.stringify(body))
    await assert.rejects(make(image, 'free'), Refused)
    await make(image, 'c1-free')
  })

  test('may not have the name of one that is hidden, whether that one is there or not', async () => {
    for (const name of ['c1-proxy', 'c1-delay', 'c1-delay-n1', 'c1-proxy-2'])
      await assert.rejects(make(image, name), /choose another/, name)
    for (const name of ['c1-proxys', 'c1-delayed', 'c1-n1-delay']) await make(image, name)
  })
})

test('an exec is never privileged, and streams only where the connection becomes one', async () => {
  await assert.rejects(ask('POST', '/containers/c1-n1/exec', { Cmd: ['id'], Privileged: true }), Refused)
  const { body } = await passes('POST', '/containers/c1-n1/exec', { Cmd: ['id'], Privileged: false })
  assert.deepEqual(body, { Cmd: ['id'], Privileged: false })
  const start = `/exec/${id('f')}/start`
  await passes('POST', start, { Detach: false }, true)
  await passes('POST', start, { Detach: true })
  assert.equal(await status('POST', start, { Detach: false }), 400)
  assert.equal(await status('GET', '/version', null, true), 400)
})
