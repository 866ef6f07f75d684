import assert from 'node:assert/strict'
import { test } from 'node:test'
import { lastLines, panicOf } from '../../../test/standins/logs.ts'
import { bench, ticket } from '../../../test/standins/work.ts'
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

const config = ['etcd-1', 'etcd-2', 'etcd-3']
  .flatMap((name) => [
    `/etc/etcd/${name}.yml:initial-advertise-peer-urls: http://${name}:2380`,
    `/etc/etcd/${name}.yml:quota-backend-bytes: 67108864`,
  ])
  .join('\n')

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
  config?: string
  reach?: string
  cpu?: string
  files?: string
  hashes?: string
  compact?: string
  alarmsFail?: string
  history?: string[]
  ticket?: { invariant: string; message: string }
}

/** Answers as the real commands did, in the words of the real commands. */
async function play(scene: Scene) {
  const it = bench({
    history: scene.history ?? [],
    shell(command) {
      if (command === 'svc status') return scene.svc
      if (command.startsWith('svc logs')) return lastLines(scene.logs ?? '', command)
      if (command.includes('endpoint health')) return { exitCode: scene.health ?? 0 }
      if (command.includes('endpoint status')) return scene.status ?? status
      if (command.includes('endpoint hashkv')) return scene.hashes ?? ''
      if (command.includes('alarm list'))
        return scene.alarmsFail ? { stderr: scene.alarmsFail, exitCode: 1 } : (scene.alarms ?? '')
      if (command.includes('member list')) return scene.members ?? memberList(['etcd-1', 'etcd-2', 'etcd-3'])
      if (command.startsWith('df')) return scene.df ?? ''
      if (command.startsWith('find')) return scene.find ?? ''
      if (command.startsWith('diff')) return scene.diff ?? ''
      if (command.includes('iptables -S')) return scene.network ?? ''
      if (command.includes('schedstat')) return scene.cpu ?? ''
      if (command.includes('Max open files')) return scene.files ?? ''
      if (command.includes('getent hosts')) return scene.reach ?? ''
      if (command.startsWith('grep -H')) return scene.config ?? config
      return ''
    },
  })
  if (scene.ticket) it.work = { ...it.work, tickets: [{ ...ticket, node: 'cluster', ...scene.ticket }] }
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
  const { claim } = await play({ svc: three, alarms: 'memberID:11530360210411851280 alarm:NOSPACE \n' })
  assert.equal(claim.status, 'fixed')
  assert.match(
    claim.actions.join('\n'),
    /compact 71 .*\n.*etcd-1:2379 .*defrag\n.*etcd-2:2379 .*defrag\n.*etcd-3:2379 .*defrag\n.*alarm disarm$/,
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

test('CORRUPT, of whomever, is named and touched by nobody', async () => {
  for (const alarms of ['alarm:CORRUPT ', 'memberID:4660 alarm:CORRUPT ', 'memberID:0 alarm:CORRUPT']) {
    const { claim } = await play({ svc: three, alarms: `${alarms}\nmemberID:2 alarm:NOSPACE \n` })
    assert.deepEqual([claim.status, claim.actions], ['not_fixed', []])
    assert.match(claim.rootCause, /alarm CORRUPT/)
  }
})

test('NOSPACE of one that is no member is disarmed, and nothing else is done, while there is room', async () => {
  const gone = { svc: three, alarms: 'memberID:4660 alarm:NOSPACE \n' }
  const { claim } = await play(gone)
  assert.match(claim.rootCause, /NOSPACE of 1234, which is no member now; the quota is not reached/)
  assert.equal(claim.actions.length, 1)
  assert.match(claim.actions[0] ?? '', /alarm disarm$/)
  const full = status.replaceAll('20480', '66000000')
  assert.match((await play({ ...gone, status: full })).claim.actions[0] ?? '', /compact 71/)
})

test('a compaction that was done before is no failure, and keys that live are named', async () => {
  const { claim } = await play({
    svc: three,
    alarms: 'memberID:11530360210411851280 alarm:NOSPACE \n',
    status: status.replaceAll('20480', '62000000'),
  })
  assert.match(claim.actions[0] ?? '', /compact 71 .*has been compacted/)
  assert.match(claim.rootCause, /for now: live keys fill the quota \(59.1 of 64.0 MiB/)
  const near = { invariant: 'database_near_quota', message: '93 %' }
  const later = { svc: three, ticket: near, status: status.replaceAll('20480', '62000000') }
  assert.match((await play(later)).claim.actions.join(), /compact.*defrag/)
  const again = await play({ ...later, history: ['It did: etcdctl compact 71; etcdctl defrag'] })
  assert.deepEqual(again.claim.actions, [])
  assert.match(again.claim.rootCause, /live keys fill the quota: after compaction/)
})

test('nothing is called well that was not read, and the ticket is said', async () => {
  const { claim } = await play({ svc: three, alarmsFail: 'context deadline exceeded' })
  assert.match(claim.rootCause, /alarms could not be read: context deadline exceeded/)
  assert.match(claim.rootCause, /rules and queues of etcd-1, etcd-2, etcd-3 could not be read/)
  assert.match(claim.rootCause, /member_down \("etcd-2 does not answer"\)/)
  assert.doesNotMatch(claim.rootCause, /no alarm|nothing wrong|healthy/)
})

test('what the members say of themselves is in the claim', async () => {
  const alone = status.replaceAll('"leader":2', '"leader":0,"errors":["etcdserver: no leader"]')
  const members = memberList(['etcd-1', 'etcd-2', 'etcd-3']).replace('http://etcd-3', 'http://10.0.0.99')
  const { claim } = await play({
    svc: three,
    status: alone,
    members: members.replace('"name":"etcd-3"', '"name":""'),
  })
  assert.match(
    claim.rootCause,
    /one that never started .*10.0.0.99:2380, which is no service of this host: of 3 members 2/,
  )
  const wrong = await play({ svc: three, members })
  assert.match(
    wrong.claim.rootCause,
    /has http:\/\/10.0.0.99:2380 as peer URL of etcd-3, its configuration has/,
  )
  assert.deepEqual([wrong.claim.component, wrong.claim.actions], ['etcd-3', []])
})

test('a learner, other data and a revision that fell are for a person, with what was read', async () => {
  const learner = memberList(['etcd-1', 'etcd-2', 'etcd-3']).replace(
    '"name":"etcd-3"',
    '"name":"etcd-3","isLearner":true',
  )
  const stays = { invariant: 'learner_stays', message: 'etcd-3 is still a learner' }
  assert.match(
    (await play({ svc: three, members: learner, ticket: stays })).claim.rootCause,
    /etcd-3 is a learner/,
  )
  for (const invariant of ['data_differs', 'revision_fell']) {
    const { claim } = await play({
      svc: three,
      hashes: 'etcd-1:2379, 77',
      ticket: { invariant, message: 'it is so' },
    })
    assert.match(claim.rootCause, /it is so \(hashes by member: etcd-1:2379, 77\); .* for a person/)
    assert.deepEqual([claim.status, claim.actions], ['not_fixed', []])
  }
})

const fatal = (error: string) => `{"level":"fatal","msg":"discovery failed","error":"${error}"}`

test('a panic is read above the stack that it leaves', async () => {
  const logs = panicOf('tocommit(254) is out of range [lastIndex(204)]. Was the raft log corrupted?')
  const { claim } = await play({ svc: ended, logs })
  assert.match(claim.rootCause, /its Raft log lacks entries/)
  assert.ok(claim.actions.some((action) => action.includes('member add etcd-2')))
})

test('a member that lost its data joins again, but not while the data of all is in question', async () => {
  const scene = { svc: ended, logs: fatal('member a has already been bootstrapped') }
  const { claim } = await play(scene)
  assert.match(
    claim.actions.join(),
    /member remove a004118559e58e11.*member add.*existing.*svc start etcd-2/s,
  )
  const doubted = await play({ ...scene, ticket: { invariant: 'data_differs', message: 'x' } })
  assert.deepEqual(doubted.claim.actions, [])
})

test('a cause in the log is named, and what did not help is tried once', async () => {
  const scene = {
    svc: ended,
    health: 1,
    logs: fatal('listen tcp 0.0.0.0:2380: bind: address already in use'),
  }
  const { claim } = await play(scene)
  assert.deepEqual([claim.status, claim.actions], ['not_fixed', ['svc start etcd-2']])
  assert.match(claim.rootCause, /address is already in use.*bind: address already in use/)
  const later = await play({ ...scene, history: ['claimed not_fixed. It did: svc start etcd-2'] })
  assert.deepEqual(later.claim.actions, [])
})

const two = { svc: three, status: `[${endpoint('etcd-1')},${endpoint('etcd-3')}]` }
test('a name that leads nowhere, a member that is not reached and one that is silent are three things', async () => {
  const at = 'etcd-2 address 10.0.0.12\n'
  const noName = `${at}etcd-2 resolves \netcd-2 name 000 0.000000 6\netcd-2 at 200 0.000300 0\netcd-2 itself 200 0.0001 0`
  const named = await play({ ...two, reach: noName })
  assert.match(named.claim.rootCause, /name etcd-2 cannot be resolved; at its address 10.0.0.12 it answers/)
  assert.match(named.claim.actions.join(), /10.0.0.12 etcd-2 >> \/etc\/hosts/)
  const far = `${at}etcd-2 resolves 10.0.0.12\netcd-2 name 000 0.000000 28\netcd-2 at 000 0.000000 28\netcd-2 itself 200 0.0001 0`
  assert.match(
    (await play({ ...two, reach: far })).claim.rootCause,
    /cannot be reached from here \(not reached\)/,
  )
  const hung = far.replace('itself 200 0.0001 0', 'itself 000 0.000100 28')
  assert.match(
    (await play({ ...two, reach: hung })).claim.rootCause,
    /does not answer, not even within .*\(silent\)/,
  )
  assert.match((await play(two)).claim.rootCause, /not asked/)
})

const groups = (odd: string) =>
  `etcd-1 group 1:cpu:/\netcd-1 from 1 1\netcd-2 group ${odd}\netcd-2 from 10 100\netcd-3 group 1:cpu:/\netcd-2 to 60 2000`
test('a CPU group that sets one process apart is left by a restart, if no other is down', async () => {
  const { claim } = await play({ svc: three, cpu: groups('1:cpu:/x.etcd-2') })
  assert.match(
    claim.rootCause,
    /CPU time of etcd-2 is limited: .*1:cpu:\/x.etcd-2.* ran 50 ms and waited 1900 ms/,
  )
  assert.equal(claim.actions[0], 'svc restart etcd-2')
  assert.equal((await play({ svc: three, cpu: groups('1:cpu:/') })).claim.actions.length, 0)
})

test('descriptors that are used up are counted', async () => {
  const files = 'etcd-1 files 20 of 1024\netcd-2 files 200 of 200\netcd-3 files 20 of 1024'
  const { claim } = await play({ svc: three, files })
  assert.match(claim.rootCause, /etcd-2 uses 200 of 200 file descriptors/)
  assert.equal(claim.component, 'etcd-2')
})

test('a ticket about other data is not believed against hashes that agree, nor one about a disk left unseen', async () => {
  const differs = { invariant: 'data_differs', message: 'at revision 7 the data differs' }
  const same = 'etcd-1:2379, 77\netcd-2:2379, 77\netcd-3:2379, 77\n'
  const { claim } = await play({ svc: three, hashes: same, ticket: differs })
  assert.match(claim.rootCause, /all members have the same hash of their data at revision 71/)
  const disk = {
    svc: three,
    df: fullDisk,
    ticket: { invariant: 'disk_nearly_full', message: '0 % are free' },
  }
  assert.match((await play(disk)).claim.rootCause, /the disk of etcd-2 is full/)
})
