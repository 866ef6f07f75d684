import type { Clock } from '../src/core/clock.ts'
import { connect } from '../src/subjects/etcd/observe/observe.ts'
import { etcd } from '../src/subjects/etcd/subject.ts'
import { mutationConformance, type Sickness } from './conformance/mutations.ts'
import { certified, hashPath, leaderless, statusPath, unwell } from './standins/sick-etcd.ts'

const elsewhere = new Set([
  'member_down',
  'no_leader',
  'no_quorum',
  'not_serving',
  'monitor_clock_off',
  // Measured here, not told; see observe.test.ts.
  'slow_consensus',
  'slow_answers',
  'certificate_bad',
  'certificate_expires',
  // Read from the machine's own file system.
  'disk_nearly_full',
])

/** What etcd leaves out or empties where there is none: alarms, and who learns. */
const truthful: Sickness['truthful'] = (path, { what }) =>
  path === statusPath && /^has (no lists|(no|\[\]) (for )?errors)$/.test(what)

mutationConformance(etcd, {
  title: 'members that are up',
  start: unwell,
  connect: (endpoints, clock) => connect(endpoints, { clock }),
  violated: etcd.invariants.map(({ name }) => name).filter((name) => !elsewhere.has(name)),
  truthful,
  // The data is compared every 30 s.
  heldFor: (path) => (path === hashPath ? 14 : 2),
  // All tell their hashes alike, and new clients are asked about in the tests of invariants.
  mutated: (node, path) => path !== '/version' && (path !== hashPath || node === 'etcd-2'),
  settleMs: 3,
})

mutationConformance(etcd, {
  title: 'no leader',
  start: leaderless,
  connect: (endpoints, clock) => connect(endpoints, { clock }),
  violated: ['member_down', 'no_leader', 'no_quorum', 'not_serving', 'monitor_clock_off'],
  truthful,
})

const ahead = (clock: Clock): Clock => ({ ...clock, now: () => clock.now() + 20 * 3_600_000 })
let ca = ''
mutationConformance(etcd, {
  title: 'certificates',
  start: async (clock) => {
    const cluster = await certified(ahead(clock))
    ca = cluster.ca
    return cluster
  },
  connect: (endpoints, clock) => connect(endpoints, { clock: ahead(clock), tls: { ca } }),
  violated: ['certificate_bad', 'certificate_expires'],
  mutated: (node, path) => node === 'etcd-2' && (path === '/version' || path === '/health'),
})
