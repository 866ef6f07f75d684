import assert from 'node:assert/strict'
import { test } from 'node:test'
import { bench } from '../../../test/standins/work.ts'
import { runbook } from './runbook.ts'

const up = (name: string, pid: number) =>
  `${name.padEnd(16)} running  pid ${pid}     since 2026-11-22T17:51:02Z`
const three = [up('etcd-1', 61), up('etcd-2', 62), up('etcd-3', 63)].join('\n')
const stopped = [
  up('etcd-1', 61),
  'etcd-2           stopped  ended 2026-11-22T17:51:09Z by signal KILL',
  up('etcd-3', 63),
].join('\n')
const endpoint = (name: string) =>
  `{"Endpoint":"${name}:2379","Status":{"header":{"cluster_id":1,"member_id":2,"revision":71,"raft_term":2},"version":"3.4.23","dbSize":20480,"leader":2}}`
const memberList = (names: string[]) => {
  const members = names.map(
    (name, i) =>
      `{"ID":${11530360210411851280n + BigInt(i)},"name":"${name}","peerURLs":["http://${name}:2380"]}`,
  )
  return `{"header":{"cluster_id":1},"members":[${members.join(',')}]}`
}
const status = `[${['etcd-1', 'etcd-2', 'etcd-3'].map(endpoint).join(',')}]`

interface Scene {
  svc: string
  logs?: string
  status?: string
  alarms?: string
  df?: string
  find?: string
  diff?: string
  members?: string
  network?: string
  health?: number
}

/** Answers as the real commands did, in the words of the real commands. */
async function play(scene: Scene) {
  const it = bench({
    shell(command) {
      if (command === 'svc status') return scene.svc
      if (command.startsWith('svc logs')) return scene.logs ?? ''
      if (command.includes('endpoint health')) return { exitCode: scene.health ?? 0 }
      if (command.includes('endpoint status')) return scene.status ?? status
      if (command.includes('alarm list')) return scene.alarms ?? ''
      if (command.includes('member list')) return scene.members ?? memberList(['etcd-1', 'etcd-2', 'etcd-3'])
      if (command.startsWith('df')) return scene.df ?? ''
      if (command.startsWith('find')) return scene.find ?? ''
      if (command.startsWith('diff')) return scene.diff ?? ''
      if (command.includes('iptables -S')) return scene.network ?? ''
      return ''
    },
  })
  const claim = await runbook(it.work)
  return { claim, commands: it.commands }
}

test('what is stopped is started, once', async () => {
  const { claim, commands } = await play({ svc: stopped })
  assert.equal(claim.status, 'fixed')
  assert.equal(claim.component, 'etcd-2')
  assert.deepEqual(claim.actions, ['svc start etcd-2'])
  assert.equal(commands.length, 4)
})

const ended = stopped.replace('by signal KILL', 'with status 1')
const fullDisk =
  'Filesystem 1024-blocks Used Available Capacity Mounted on\nnone 393216 393216 0 100% /var/lib/etcd/etcd-2'

test('what ended on a full disk: a core dump goes, anything else is left to a person', async () => {
  const logs =
    '{"level":"fatal","msg":"failed to save Raft hard state and entries","error":"write: no space left on device"}'
  const scene = { svc: ended, logs, df: fullDisk }
  const { claim } = await play({ ...scene, find: '/var/lib/etcd/etcd-2/backup.tar\n' })
  assert.deepEqual([claim.status, claim.component, claim.actions], ['not_fixed', 'etcd-2', []])
  const dump = '/var/lib/etcd/etcd-2/core.4711'
  assert.deepEqual((await play({ ...scene, find: `${dump}\n` })).claim.actions, [
    `rm ${dump}`,
    'svc start etcd-2',
  ])
})

test('a configuration that is not as the others is made so, but for what is its own', async () => {
  const diff =
    '7,8c7,8\n< initial-cluster: a\n< election-timeout: 1000\n---\n> initial-cluster: b\n> election-timeout: 300\n'
  const { claim } = await play({ svc: ended, diff })
  assert.deepEqual(claim.actions, [
    "sed -i 's|^election-timeout:.*|election-timeout: 1000|' /etc/etcd/etcd-2.yml",
    'svc start etcd-2',
  ])
  assert.match(claim.rootCause, /election-timeout: 300/)
})

test('a member that was removed, or cannot read its data, joins again with nothing while all others run', async () => {
  const gone = await play({ svc: ended, members: memberList(['etcd-1', 'etcd-3']) })
  assert.match(gone.claim.rootCause, /etcd-2 was removed/)
  assert.match(
    gone.claim.actions.join('\n'),
    /^until .*member add etcd-2 .*\nsed .*existing.*\nrm -rf \/var\/lib\/etcd\/etcd-2\/data\/member\nsvc start etcd-2$/,
  )
  const logs = '{"level":"fatal","msg":"discovery failed","error":"walpb: crc mismatch"}'
  const damaged = await play({ svc: ended, logs })
  assert.match(damaged.claim.actions[0] ?? '', /member remove a004118559e58e11/)
  const two = await play({ svc: ended.replace('etcd-3           running', 'etcd-3           stopped'), logs })
  assert.deepEqual([two.claim.status, two.claim.actions], ['not_fixed', []])
})

test('rules and queues that a member has not of itself go', async () => {
  const network = [
    'etcd-1 rule -P INPUT ACCEPT',
    'etcd-1 qdisc qdisc noqueue 0: dev eth0 root refcnt 2',
    'etcd-2 rule -A INPUT -j ZONE',
    'etcd-2 rule -A ZONE -s 10.0.0.11/32 -j DROP',
    'etcd-2 qdisc qdisc tbf 2b: dev eth0 root refcnt 2 rate 16Kbit',
    'etcd-2 queue -P PREROUTING ACCEPT',
    'etcd-2 queue -A PREROUTING -i eth0 -j NFQUEUE --queue-num 2 --queue-bypass',
  ].join('\n')
  const { claim } = await play({ svc: three, network })
  assert.equal(claim.component, 'etcd-2')
  assert.deepEqual(claim.actions, [
    'svc exec etcd-2 -- iptables -D ZONE -s 10.0.0.11/32 -j DROP',
    'svc exec etcd-2 -- tc qdisc del dev eth0 root',
    'svc exec etcd-2 -- iptables -t mangle -D PREROUTING -i eth0 -j NFQUEUE --queue-num 2 --queue-bypass',
  ])
})

test('a paused process is continued by its pid', async () => {
  const { claim } = await play({ svc: three.replace('etcd-3           running', 'etcd-3           paused ') })
  assert.deepEqual(claim.actions, ['kill -CONT 63'])
  assert.equal(claim.component, 'etcd-3')
})

test('a claim is only made when every member is healthy afterwards', async () => {
  const { claim } = await play({ svc: stopped, health: 1 })
  assert.equal(claim.status, 'not_fixed')
  assert.deepEqual(claim.actions, ['svc start etcd-2'])
})

test('NOSPACE: compact, defragment one after the other, disarm', async () => {
  const { claim } = await play({ svc: three, alarms: 'memberID:10276657743932975437 alarm:NOSPACE \n' })
  assert.equal(claim.status, 'fixed')
  assert.match(
    claim.actions.join('\n'),
    /compact 71\n.*etcd-1:2379 .*defrag\n.*etcd-2:2379 .*defrag\n.*etcd-3:2379 .*defrag\n.*alarm disarm$/,
  )
})

test('a member that runs and does not answer: a full disk, or no idea', async () => {
  const silent = { svc: three, status: `[${endpoint('etcd-1')},${endpoint('etcd-3')}]` }
  assert.match((await play(silent)).claim.rootCause, /etcd-2 runs but does not answer/)
  const { claim } = await play({ ...silent, df: fullDisk })
  assert.match(claim.rootCause, /disk of etcd-2 is full/)
  assert.equal(claim.status, 'not_fixed')
})

test('nothing wrong, or nothing it understands: nothing is touched', async () => {
  assert.deepEqual((await play({ svc: three })).claim.actions, [])
  const { claim, commands } = await play({ svc: 'bash: svc: command not found' })
  assert.deepEqual([claim.status, commands.length], ['not_fixed', 1])
})
