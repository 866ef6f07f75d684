import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { sessionEntries } from '../src/store/audit/audit.ts'
import { openOperatorDb } from '../src/store/operator/open.ts'
import { listSessions } from '../src/store/operator/sessions.ts'
import { listTickets } from '../src/store/operator/tickets.ts'
import { type LocalEtcd, startEtcd } from './standins/etcd.ts'
import { operator, type Running } from './standins/operator.ts'
import { processes, treeOf } from './standins/processes.ts'
import { until } from './standins/until.ts'

const folder = mkdtempSync(join(tmpdir(), 'up-'))
after(() => rmSync(folder, { recursive: true, force: true }))
const database = join(folder, 'operator.db')

function written(name: string, text: string): string {
  writeFileSync(join(folder, name), text)
  return join(folder, name)
}

async function run(...argv: string[]) {
  await using program = operator(['up', ...argv], { OPERATOR_HOME: folder })
  program.child.stdin?.end()
  const { exitCode } = await program.ended
  return { exitCode, stdout: program.stdout(), stderr: program.stderr() }
}

describe('a file of operator up', () => {
  test('that is wrong is refused with every fault, its place and what is allowed', async () => {
    const path = written(
      'wrong.yaml',
      `databse: x
clusters:
  x:
    endpoints: {etcd-1: nonsense}
    shell: {ssh: {hots: a}}
    agent: {turnz: 4, turns: many}
    interval: 1ms
`,
    )
    const { exitCode, stderr } = await run(path)
    assert.equal(exitCode, 2)
    for (const expected of [
      /wrong\.yaml:1:1 databse: unknown key; known: database,/,
      /:4:5 clusters\.x\.endpoints: 'etcd-1=nonsense' is not name=url/,
      /:5:19 clusters\.x\.shell\.ssh\.hots: unknown key; known: host, hosts/,
      /:6:13 clusters\.x\.agent\.turnz: unknown key; known: agent, model/,
      /:6:23 clusters\.x\.agent\.turns: allowed: a whole number/,
      /:7:5 clusters\.x\.interval: allowed: a duration from 100ms/,
    ])
      assert.match(stderr, expected)
  })

  test('never holds a secret, and what stands there is not repeated', async () => {
    const path = written(
      'secret.yaml',
      'clusters:\n  a:\n    subject: etcd\n    endpoints: [http://u:hunter2@h:1]\n    password: hunter2\n',
    )
    const { exitCode, stderr } = await run(path)
    assert.equal(exitCode, 2)
    assert.match(stderr, /secret\.yaml:5:5 clusters\.a\.password: a secret has no place in this file/)
    assert.match(stderr, /:4:17 clusters\.a\.endpoints\.0: a secret has no place/)
    assert.doesNotMatch(stderr, /hunter2/)
  })

  test('lets nobody change a cluster unless it says so in two words', async () => {
    const cluster = 'clusters:\n  a: {subject: etcd, endpoints: [http://127.0.0.1:1], '
    for (const rest of ['shell: {command: [env]}}', 'autonomy: autonomous}']) {
      const { exitCode, stderr } = await run(written('half.yaml', `${cluster}${rest}\n`))
      assert.equal(exitCode, 2)
      assert.match(stderr, /a shell and `autonomy: autonomous` need each other/)
    }
  })

  test('is checked as to its subject, its files and its invariants', async () => {
    const names = await run(written('half.yaml', 'clusters:\n  a b: {subject: etcd}\n'))
    assert.match(names.stderr, /:2:3 clusters\.a b: allowed in a name/)
    for (const [cluster, expected] of [
      ['{subject: etdc, endpoints: [http://h:1]}', /half\.yaml:2:3 clusters\.a: .*etdc/],
      ['{endpoints: [http://h:1]}', /clusters\.a: needed: subject and endpoints/],
      ['{subject: etcd, endpoints: [http://h:1], grace: {nothing: 1s}}', /no invariant 'nothing'/],
      ['{subject: etcd, endpoints: [https://h:1], ca: none.pem}', /none\.pem: there is no such file/],
    ] as const) {
      const { exitCode, stderr } = await run('--check', written('half.yaml', `clusters:\n  a: ${cluster}\n`))
      assert.equal(exitCode, 2)
      assert.match(stderr, expected)
    }
  })
})

describe('operator up on two clusters, one of them with a shell', () => {
  let worked: LocalEtcd
  let watched: LocalEtcd
  let up: Running
  let path: string
  before(async () => {
    worked = await startEtcd(1)
    watched = await startEtcd(1)
    const [a, b] = [worked, watched].map((etcd) => Object.values(etcd.endpoints)[0]?.url)
    path = written(
      'operator.yaml',
      `database: operator.db
agent: {agent: runbook}
clusters:
  worked: {subject: etcd, endpoints: {etcd-1: '${a}'}, interval: 200ms, shell: {command: [env]}, autonomy: autonomous}
  watched: {subject: etcd, endpoints: {etcd-1: '${b}'}, interval: 200ms}
`,
    )
  })
  after(async () => {
    await up?.[Symbol.asyncDispose]()
    await Promise.all([worked, watched].map((etcd) => etcd[Symbol.asyncDispose]()))
  })

  test('--check says what an agent could reach, and starts nothing', async () => {
    type Document = { clusters: { cluster: string; healthy: boolean; agent_reaches: string | null }[] }
    let found: Document = { clusters: [] }
    await until('both are healthy', async () => {
      const { exitCode, stdout } = await run('--check', '--json', path)
      found = JSON.parse(stdout) as Document
      return exitCode === 0
    })
    assert.deepEqual(
      found.clusters.map(({ cluster, agent_reaches: reach }) => [cluster, reach]),
      [
        ['worked', "whatever 'env' may do"],
        ['watched', null],
      ],
    )
  })

  const said = (text: string) => up.stderr().split(text).length - 1

  test('watches both, and an agent works where there is a shell alone', async () => {
    up = operator(['up', path], { OPERATOR_HOME: folder })
    await until('both are watched', async () => said('"watching worked') + said('"watching watched') === 2)
    await Promise.all([worked.kill('etcd-1'), watched.kill('etcd-1')])
    await using db = openOperatorDb(database)
    await until('a session ran a command', async () => {
      const [session] = await listSessions(db)
      return session !== undefined && session.commands > 0 && session.endedAt !== null
    })
    const sessions = await listSessions(db)
    assert.deepEqual([...new Set(sessions.map(({ cluster }) => cluster))], ['worked'])
    const entries = await sessionEntries(db, sessions[0]?.id ?? '')
    assert.ok(entries.some(({ kind }) => kind === 'tool_result'))
    await until('both have tickets', async () => {
      const clusters = (await listTickets(db)).map(({ cluster }) => cluster)
      return clusters.includes('worked') && clusters.includes('watched')
    })
  })

  test('starts again what was killed, at once, and nothing is lost', async () => {
    await using db = openOperatorDb(database)
    const before = await listTickets(db)
    for (const round of [1, 2]) {
      const parts = processes().filter(({ parent }) => parent === up.child.pid)
      assert.equal(parts.length, 2)
      for (const { pid } of parts) process.kill(pid, 'SIGKILL')
      await until('both were started again', async () => {
        const now = processes().filter(({ parent }) => parent === up.child.pid)
        return now.length === 2 && now.every(({ pid }) => parts.every((part) => part.pid !== pid))
      })
      await until('it watches again', async () => said('"watching worked') === 1 + round)
    }
    worked.start('etcd-1')
    watched.start('etcd-1')
    await until('both are seen healthy, and their tickets resolved', async () =>
      (await listTickets(db)).every(({ state, key }) => state === 'resolved' || !key.includes('member_down')),
    )
    const now = await listTickets(db)
    for (const { id } of before) assert.ok(now.some((ticket) => ticket.id === id))
  })

  for (const signal of ['SIGTERM', 'SIGKILL'] as const)
    test(`leaves no process behind after ${signal}`, async () => {
      if (up.child.exitCode !== null || up.child.signalCode !== null) {
        up = operator(['up', path], { OPERATOR_HOME: folder })
        await until('it watches', async () => said('"watching worked') === 1)
      }
      const all = treeOf(up.child.pid ?? 0)
      assert.equal(all.length, 3)
      up.child.kill(signal)
      const { exitCode } = await up.ended
      if (signal === 'SIGTERM') assert.equal(exitCode, 130)
      await until('all are gone', async () => {
        const now = processes()
        return !all.some(({ pid, started }) => now.some((one) => one.pid === pid && one.started === started))
      })
    })
})
