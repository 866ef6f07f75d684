import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { wholeCluster } from '../../core/watch/invariant.ts'
import type { NewConnection } from '../shared/client/new-connection.ts'
import type { CertificateFault } from '../shared/client/trouble.ts'
import { invariants } from './invariants.ts'
import type { DataComparison, EtcdNode, EtcdObservation, Recent, Status } from './observe/observation.ts'

const quiet: Recent = {
  leaderChanges: 0,
  failedProposals: 0,
  requests: 100,
  failedRequests: 0,
  fsyncP99Ms: 2,
  commitP99Ms: 4,
  peerRoundTripMs: 1,
}
const ids = ['101', '102', '103']
const status = (id: string): Status => ({
  clusterId: '9',
  memberId: id,
  leaderId: '101',
  term: 2,
  revision: 500,
  version: '3.4.23',
  dbBytes: 20_000,
  dbInUseBytes: 16_000,
  alarms: [],
  learner: false,
})
const memberList = () =>
  ids.map((one, i) => ({ id: one, name: `etcd-${i + 1}`, peerUrls: [] as string[], learner: false }))
const well = (id: string): EtcdNode => ({
  healthy: true,
  reach: 'answered',
  serving: true,
  status: status(id),
  hasLeader: true,
  members: memberList(),
  quotaBytes: 64 * 2 ** 20,
  recent: { ...quiet },
  restarts: 0,
  answersMs: [1, 2, 3, 2, 1],
  consensusMs: [5, 9, 900],
  clockOffsetMs: 0,
  descriptors: { used: 20, most: 1024 },
  newClient: { kind: 'open', status: 200, certificate: { fault: null, from: 0, until: 1e12 } },
  isTls: true,
  disk: { totalBytes: 1000, availableBytes: 600 },
  activePeers: Object.fromEntries(
    ids.filter((one) => one !== id).map((one) => [Number(one).toString(16), true]),
  ),
})
const gone = (reach: 'refused' | 'timeout', healthy: boolean | null): EtcdNode => ({
  healthy,
  reach,
  error: reach,
  serving: null,
  status: null,
  members: null,
  hasLeader: null,
  quotaBytes: null,
  recent: null,
  restarts: 0,
  answersMs: null,
  consensusMs: null,
  activePeers: null,
  clockOffsetMs: null,
  descriptors: null,
  newClient: null,
  isTls: true,
})

const day = 86_400_000
const withCertificate = (fault: CertificateFault | null, from: number, until: number): NewConnection => ({
  kind: 'open',
  status: 200,
  certificate: { fault, from: from * day, until: until * day },
})
const unanswered: NewConnection = {
  kind: 'closed',
  why: 'timeout',
  mistaken: false,
  detail: 'nobody answers on it',
  certificate: { fault: null, from: 0, until: 90 * day },
}

type Change = (observation: EtcdObservation) => void

function observed(change: Change = () => undefined): EtcdObservation {
  const observation: EtcdObservation = {
    at: 0,
    nodes: Object.fromEntries(ids.map((id, i) => [`etcd-${i + 1}`, well(id)])),
    memberIds: Object.fromEntries(ids.map((id, i) => [`etcd-${i + 1}`, id])),
    memberList: memberList(),
    revision: { highest: 500, now: 500 },
    data: {
      revision: 500,
      hashes: Object.fromEntries(ids.map((_, i) => [`etcd-${i + 1}`, { hash: 7, compactRevision: '3' }])),
    },
  }
  change(observation)
  return observation
}

/** `invariant@place` of every verdict of a kind. */
function verdicts(observation: EtcdObservation, kind: string): string[] {
  return invariants.flatMap((invariant) =>
    (invariant.scope === 'node' ? Object.keys(observation.nodes) : [wholeCluster])
      .filter((place) => invariant.check(observation, place).kind === kind)
      .map((place) => `${invariant.name}@${place}`),
  )
}

const node = (change: (node: EtcdNode & { status: Status; recent: Recent }) => void): Change => {
  return ({ nodes }) => change(nodes['etcd-2'] as EtcdNode & { status: Status; recent: Recent })
}
const replaced = (...them: [string, EtcdNode][]): Change => {
  return (observation) => Object.assign(observation.nodes, Object.fromEntries(them))
}
/** All members were started again, one after the other. */
const rolling =
  (recent: Partial<Recent>): Change =>
  (observation) => {
    for (const one of Object.values(observation.nodes)) one.restarts = 1
    recently(recent)(observation)
  }
const recently = (recent: Partial<Recent>): Change => node((it) => Object.assign(it.recent, recent))

test('a healthy cluster is ok in everything', () => {
  const observation = observed()
  assert.deepEqual([verdicts(observation, 'violated'), verdicts(observation, 'unknown')], [[], []])
})

/** What changes, and every violation that it must cause: these and no others. */
const cases: [string, Change, string[]][] = [
  ['refused', replaced(['etcd-2', gone('refused', false)]), ['member_down@etcd-2']],
  ['silent while others answer', replaced(['etcd-2', gone('timeout', false)]), ['member_down@etcd-2']],
  [
    'two of three refused',
    replaced(['etcd-2', gone('refused', false)], ['etcd-3', gone('refused', false)]),
    ['member_down@etcd-2', 'member_down@etcd-3', 'no_quorum@cluster'],
  ],
  [
    'all refused',
    replaced(...ids.map((_, i): [string, EtcdNode] => [`etcd-${i + 1}`, gone('refused', false)])),
    ['member_down@etcd-1', 'member_down@etcd-2', 'member_down@etcd-3', 'no_quorum@cluster'],
  ],
  [
    'one without leader',
    node((it) => {
      it.hasLeader = false
      it.status.leaderId = '0'
    }),
    ['no_leader@etcd-2'],
  ],
  ['health false', node((it) => (it.serving = false)), ['not_serving@etcd-2']],
  ['health silent', node((it) => (it.serving = null)), ['not_serving@etcd-2']],
  ['another leader', node((it) => (it.status.leaderId = '103')), ['members_disagree@cluster']],
  ['another cluster', node((it) => (it.status.clusterId = '8')), ['members_disagree@cluster']],
  ['an old member list', node((it) => it.members?.pop()), ['members_disagree@cluster']],
  [
    'a member removed',
    ({ nodes }) => Object.values(nodes).map((it) => it.members?.pop()),
    ['member_list_as_declared@cluster'],
  ],
  [
    'a member added',
    ({ nodes }) =>
      Object.values(nodes).map((it) => it.members?.push({ id: '7', name: '', peerUrls: [], learner: true })),
    ['member_list_as_declared@cluster', 'learner_stays@cluster'],
  ],
  [
    'one member declared twice',
    (it) => (it.memberIds['etcd-3'] = '102'),
    ['member_list_as_declared@cluster'],
  ],
  [
    'far behind',
    ({ nodes }) =>
      Object.assign(nodes['etcd-1']?.status ?? {}, { revision: 5000 }) &&
      Object.assign(nodes['etcd-3']?.status ?? {}, { revision: 4990 }),
    ['member_lagging@etcd-2'],
  ],
  [
    'out of space, told by another member',
    ({ nodes }) => nodes['etcd-1']?.status?.alarms.push({ memberId: '102', alarm: 'NOSPACE' }),
    ['alarm_nospace@cluster'],
  ],
  [
    'corrupt',
    ({ nodes }) => nodes['etcd-1']?.status?.alarms.push({ memberId: '102', alarm: 'CORRUPT' }),
    ['alarm_corrupt@cluster'],
  ],
  ['quota', node((it) => (it.quotaBytes = 21_000)), ['database_near_quota@etcd-2']],
  [
    'fragmented',
    node(
      (it) => Object.assign(it, { quotaBytes: 2 ** 31 }) && Object.assign(it.status, { dbBytes: 2 ** 28 }),
    ),
    ['database_fragmented@etcd-2'],
  ],
  ['disk', node((it) => (it.disk = { totalBytes: 1000, availableBytes: 90 })), ['disk_nearly_full@etcd-2']],
  [
    'an alarm of a member that has left',
    ({ nodes }) => nodes['etcd-1']?.status?.alarms.push({ memberId: '99', alarm: 'NOSPACE' }),
    ['alarm_nospace@cluster'],
  ],
  [
    'an alarm of nobody',
    ({ nodes }) => nodes['etcd-1']?.status?.alarms.push({ memberId: null, alarm: 'CORRUPT' }),
    ['alarm_corrupt@cluster'],
  ],
  [
    'voters that nobody watches have no leader',
    (it) => {
      it.memberList = [...memberList(), ...memberList().map((one) => ({ ...one, id: `9${one.id}` }))]
      for (const one of Object.values(it.nodes)) one.hasLeader = false
    },
    ['no_quorum@cluster', 'no_leader@etcd-1', 'no_leader@etcd-2', 'no_leader@etcd-3'],
  ],
  [
    'a learner',
    ({ nodes }) => Object.values(nodes).map((it) => Object.assign(it.members?.[2] ?? {}, { learner: true })),
    ['learner_stays@cluster'],
  ],
  ['a revision that fell', (it) => (it.revision.highest = 501), ['revision_fell@cluster']],
  [
    'data that differs',
    ({ data }) => Object.assign((data as DataComparison).hashes['etcd-3'] ?? {}, { hash: 8 }),
    ['data_differs@cluster'],
  ],
  ['new clients are refused', node((it) => (it.newClient = unanswered)), ['new_clients_refused@etcd-2']],
  [
    'a certificate for another name',
    node((it) => (it.newClient = withCertificate('other_name', 0, 90))),
    ['certificate_bad@etcd-2'],
  ],
  [
    'a certificate that ends in 13 of 90 days',
    node((it) => (it.newClient = withCertificate(null, -77, 13))),
    ['certificate_expires@etcd-2'],
  ],
  [
    'descriptors',
    node((it) => (it.descriptors = { used: 850, most: 1024 })),
    ['descriptors_nearly_used@etcd-2'],
  ],
  [
    'no descriptor left',
    node((it) => (it.descriptors = { used: 1020, most: 1024 })),
    ['descriptors_used_up@etcd-2', 'descriptors_nearly_used@etcd-2'],
  ],
  [
    'our own clock',
    ({ nodes }) => Object.values(nodes).map((it, i) => (it.clockOffsetMs = 3_600_000 + i * 500)),
    ['monitor_clock_off@cluster'],
  ],
  ['clock', node((it) => (it.clockOffsetMs = -2500)), ['clock_off@etcd-2']],
  ['slow link', node((it) => (it.answersMs = [90, 91, 95, 90, 99])), ['slow_answers@etcd-2']],
  ['lossy link', node((it) => (it.answersMs = [1, 2, 210, 2, 420])), ['slow_answers@etcd-2']],
  ['far from its leader', node((it) => (it.consensusMs = [5, 210, 220])), ['slow_consensus@etcd-2']],
  ['one late answer', node((it) => (it.answersMs = [1, 2, 210, 2, 2])), []],
  [
    'a busy machine',
    ({ nodes }) => Object.values(nodes).map((it) => (it.answersMs = [1, 2, 210, 2, 420])),
    [],
  ],
  [
    'a cut between two',
    node((it) => (it.activePeers = { '65': true, '67': false })),
    ['peer_disconnected@etcd-2'],
  ],
  ['leader changes', recently({ leaderChanges: 3 }), ['leader_changes@cluster']],
  ['a rolling restart', rolling({ leaderChanges: 3 }), []],
  ['more leader changes than restarts explain', rolling({ leaderChanges: 6 }), ['leader_changes@cluster']],
  ['fsync', recently({ fsyncP99Ms: 501 }), ['slow_fsync@etcd-2']],
  ['commit', recently({ commitP99Ms: 251 }), ['slow_commit@etcd-2']],
  ['peers', recently({ peerRoundTripMs: 101 }), ['slow_peer_round_trip@etcd-2']],
  ['proposals', recently({ failedProposals: 6 }), ['failed_proposals@etcd-2']],
  ['requests', recently({ failedRequests: 6 }), ['failed_requests@etcd-2']],
]

describe('each fault shows as itself and as nothing else', () => {
  for (const [what, change, expected] of cases) {
    test(what, () => assert.deepEqual(verdicts(observed(change), 'violated'), expected))
  }
  test('every invariant has a case', () => {
    const seen = new Set(cases.flatMap(([, , expected]) => expected.map((one) => one.split('@')[0])))
    assert.deepEqual(
      invariants.filter(({ name }) => !seen.has(name)).map(({ name }) => name),
      [],
    )
  })
})

describe('what is not known is unknown', () => {
  const silent: Change = (observation) => {
    for (const name of Object.keys(observation.nodes)) observation.nodes[name] = gone('timeout', null)
    observation.revision.now = null
  }

  test('when nobody answers: everything', () => {
    const observation = observed(silent)
    assert.deepEqual([verdicts(observation, 'ok'), verdicts(observation, 'violated')], [[], []])
  })

  test('when one node is down: everything else about it', () => {
    const own = (kind: string) =>
      verdicts(observed(replaced(['etcd-2', gone('refused', false)])), kind).filter((it) =>
        it.endsWith('@etcd-2'),
      )
    assert.deepEqual(own('ok'), [])
    assert.deepEqual(own('violated'), ['member_down@etcd-2'])
  })

  test('when a metric is not there: what needs it', () => {
    const none = Object.fromEntries(Object.keys(quiet).map((key) => [key, null])) as Record<
      keyof Recent,
      null
    >
    assert.deepEqual(verdicts(observed(recently(none)), 'unknown'), [
      'leader_changes@cluster',
      'slow_peer_round_trip@etcd-2',
      'slow_fsync@etcd-2',
      'slow_commit@etcd-2',
      'failed_proposals@etcd-2',
      'failed_requests@etcd-2',
    ])
  })

  test('where a metric never was: nothing to check, and nothing unknown', () => {
    const absent = Object.fromEntries(Object.keys(quiet).map((key) => [key, 'absent'])) as Record<
      keyof Recent,
      'absent'
    >
    const observation = observed(recently(absent))
    assert.deepEqual(verdicts(observation, 'unknown'), [])
    assert.deepEqual(verdicts(observation, 'not_applicable').length, 5)
  })

  test('a member alone has no peers to check, and is ok in the rest', () => {
    const alone = observed((observation) => {
      const { 'etcd-1': one } = observation.nodes
      if (one) observation.nodes = { 'etcd-1': { ...one, members: memberList().slice(0, 1) } }
      observation.memberIds = { 'etcd-1': '101' }
      observation.memberList = memberList().slice(0, 1)
    })
    assert.deepEqual([verdicts(alone, 'violated'), verdicts(alone, 'unknown')], [[], []])
  })

  test('a disk that cannot be read is unknown; one that is not declared is not watched', () => {
    assert.deepEqual(verdicts(observed(node((it) => (it.disk = null))), 'unknown'), [
      'disk_nearly_full@etcd-2',
    ])
    assert.deepEqual(verdicts(observed(node((it) => delete it.disk)), 'unknown'), [])
  })

  test('a quorum is not lost as long as the silent ones may have it', () => {
    const half = observed(replaced(['etcd-2', gone('timeout', null)], ['etcd-3', gone('timeout', null)]))
    assert.deepEqual(verdicts(half, 'violated'), [])
    assert.ok(verdicts(half, 'unknown').includes('no_quorum@cluster'))
  })
})

test('a new connection that gets an answer of somebody else proves nothing', () => {
  const elsewhere: NewConnection = { kind: 'open', status: 502, certificate: null }
  const observation = observed(node((it) => (it.newClient = elsewhere)))
  assert.ok(verdicts(observation, 'unknown').includes('new_clients_refused@etcd-2'))
})
