import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { parse } from 'yaml'
import { systemClock } from '../src/core/clock.ts'
import type { Verdict } from '../src/core/watch/invariant.ts'
import type { Connection } from '../src/core/watch/subject.ts'
import type { EtcdObservation } from '../src/subjects/etcd/observe/observation.ts'
import { connect } from '../src/subjects/etcd/observe/observe.ts'
import { etcd } from '../src/subjects/etcd/subject.ts'
import { untilWell, verdictsOf } from '../src/testing/subject.ts'
import { type LocalEtcd, startEtcd } from './standins/etcd.ts'
import { slowed, until } from './standins/until.ts'

const never = new AbortController().signal

// What people who run etcd reported: alarms of nobody, members that hold other data, restores, learners.
describe('a real etcd whose data or members are not what they should be', () => {
  let cluster: LocalEtcd
  let root: string
  let connection: Connection<EtcdObservation>
  before(async () => {
    cluster = await startEtcd()
    root = cluster.endpoints['etcd-1']?.dataPath ?? ''
    // Data is compared twice a minute: here every two seconds.
    const clock = { ...systemClock, monotonic: () => systemClock.monotonic() * 15 }
    connection = connect(cluster.endpoints, { clock })
    await untilWell(etcd, connection)
  })
  after(async () => {
    await connection[Symbol.asyncDispose]()
    await cluster[Symbol.asyncDispose]()
  })

  const urlOf = (name: string) => cluster.endpoints[name]?.url ?? ''
  const etcdctl = (name: string, ...args: string[]) =>
    execFileSync('etcdctl', ['--endpoints', urlOf(name), ...args], {
      encoding: 'utf8',
      env: { PATH: process.env.PATH, ETCDCTL_API: '3' },
      stdio: ['ignore', 'pipe', 'ignore'],
      timeout: slowed(20_000),
    })
  const post = (name: string, path: string, body: unknown) =>
    fetch(urlOf(name) + path, { method: 'POST', body: JSON.stringify(body) })
  const verdict = async (invariant: string, at = 'cluster'): Promise<Verdict> => {
    const places = verdictsOf(etcd, await connection.observe(never))
    return (
      places.find((place) => place.invariant === invariant && place.node === at)?.verdict ?? { kind: 'ok' }
    )
  }
  const untilViolated = async (invariant: string, says: RegExp, withinMs = 20_000) => {
    let last: Verdict = { kind: 'ok' }
    const holds = async () => {
      last = await verdict(invariant)
      return last.kind === 'violated' && says.test(last.message)
    }
    await until(`${invariant} ${says}`, holds, withinMs).catch((error) => {
      throw new Error(`${error.message}; it is ${JSON.stringify(last)}`)
    })
  }

  test('an alarm without a member is an alarm', async () => {
    await post('etcd-1', '/v3/maintenance/alarm', { action: 'ACTIVATE', memberID: '0', alarm: 'CORRUPT' })
    await untilViolated('alarm_corrupt', /no member in particular/)
    await post('etcd-1', '/v3/maintenance/alarm', { action: 'DEACTIVATE', memberID: '0', alarm: 'CORRUPT' })
    await untilWell(etcd, connection)
  })

  test('so is one of a member that is none any more', async () => {
    await post('etcd-1', '/v3/maintenance/alarm', { action: 'ACTIVATE', memberID: '4660', alarm: 'NOSPACE' })
    await untilViolated('alarm_nospace', /1234, which is no member any more/)
    await post('etcd-1', '/v3/maintenance/alarm', {
      action: 'DEACTIVATE',
      memberID: '4660',
      alarm: 'NOSPACE',
    })
    await untilWell(etcd, connection)
  })

  test('one member holds other data, and is named', async () => {
    const file = join(root, 'etcd-3', 'member', 'snap', 'db')
    // What is written in a transaction is in use once the next one is there.
    for (const value of ['AAAAAAAA', 'CCCCCCCC']) {
      etcdctl('etcd-1', 'put', `shop/${value}`, value)
      await until('it is on disk', () => readFileSync(file).includes(value))
    }
    await cluster.kill('etcd-3')
    const bytes = readFileSync(file)
    for (let at = bytes.indexOf('AAAAAAAA'); at >= 0; at = bytes.indexOf('AAAAAAAA', at))
      bytes.write('AAAABAAA', at)
    writeFileSync(file, bytes)
    cluster.start('etcd-3')
    await untilViolated('data_differs', /etcd-1, etcd-2: \d+; etcd-3: \d+/, 60_000)
  })

  test('a member that joined as a learner and was left one', async () => {
    const id = /^([0-9a-f]+), \w+, etcd-3,/m.exec(etcdctl('etcd-1', 'member', 'list'))?.[1] ?? ''
    await cluster.kill('etcd-3')
    etcdctl('etcd-1', 'member', 'remove', id)
    const config = join(root, 'etcd-3.yml')
    const text = readFileSync(config, 'utf8')
    const peer = parse(text)['initial-advertise-peer-urls']
    await until('a learner is taken', () => {
      try {
        etcdctl('etcd-1', 'member', 'add', 'etcd-3', '--learner', '--peer-urls', peer)
        return true
      } catch {
        return false // unhealthy for a moment after the removal
      }
    })
    rmSync(join(root, 'etcd-3'), { recursive: true })
    writeFileSync(config, text.replace(/^initial-cluster-state:.*$/m, 'initial-cluster-state: existing'))
    cluster.start('etcd-3')
    await untilViolated('learner_stays', /etcd-3 is still a learner: 2 voters, of which 0 may fail/)
    assert.equal((await verdict('no_quorum')).kind, 'ok')
    await until('it has caught up', () => {
      try {
        etcdctl(
          'etcd-1',
          'member',
          'promote',
          /^([0-9a-f]+),.*etcd-3.*true$/m.exec(etcdctl('etcd-1', 'member', 'list'))?.[1] ?? '',
        )
        return true
      } catch {
        return false
      }
    })
    await untilWell(etcd, connection, 60_000)
  })

  test('a restore takes the revision back', async () => {
    const snapshot = join(root, 'snapshot')
    etcdctl('etcd-1', 'snapshot', 'save', snapshot)
    for (let i = 0; i < 20; i++) etcdctl('etcd-1', 'put', `shop/${i}`, 'sold')
    await connection.observe(never)
    await Promise.all(cluster.names.map((name) => cluster.kill(name)))
    const peers = cluster.names.map(
      (name) => parse(readFileSync(join(root, `${name}.yml`), 'utf8'))['initial-advertise-peer-urls'],
    )
    const all = cluster.names.map((name, i) => `${name}=${peers[i]}`).join(',')
    const token =
      parse(readFileSync(join(root, 'etcd-1.yml'), 'utf8'))['initial-cluster-token'] ?? 'etcd-cluster'
    for (const [i, name] of cluster.names.entries()) {
      renameSync(join(root, name), join(root, `${name}-before`))
      etcdctl(
        name,
        ...['snapshot', 'restore', snapshot, '--name', name, '--data-dir', join(root, name)],
        ...[
          '--initial-cluster',
          all,
          '--initial-advertise-peer-urls',
          peers[i],
          '--initial-cluster-token',
          token,
        ],
      )
      cluster.start(name)
    }
    await untilViolated('revision_fell', /the revision was \d+ and is \d+/, 30_000)
  })
})
