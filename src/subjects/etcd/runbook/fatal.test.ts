import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fatalIn } from './fatal.ts'

const json = (msg: string, error: string, level = 'fatal') =>
  `{"level":"${level}","ts":"2026-11-22T17:51:09.000Z","caller":"etcdmain/etcd.go:271","msg":"${msg}","error":"${error}"}`

// Lines of etcd 3.4 (text and JSON), 3.5 and 3.6.
const rows: [string, RegExp][] = [
  [json('discovery failed', 'member 6e1a9c has already been bootstrapped'), /already bootstrapped/],
  [
    '2026-11-22 17:51:09.000000 C | etcdmain: member 6e1a9c has already been bootstrapped',
    /already bootstrapped/,
  ],
  [
    json('discovery failed', 'listen tcp 0.0.0.0:2380: bind: address already in use'),
    /address is already in use/,
  ],
  [
    '2026-11-22 17:51:09.000000 C | etcdmain: listen tcp 0.0.0.0:2380: bind: address already in use',
    /already in use/,
  ],
  [
    json('failed to listen', 'listen tcp 10.0.1.12:2380: bind: cannot assign requested address'),
    /does not have/,
  ],
  [
    json('failed to create new WAL', 'open /var/lib/etcd/0.tmp: too many open files', 'panic'),
    /descriptors are used up/,
  ],
  [
    json(
      'the data-dir used by this member must be removed',
      'the member has been permanently removed from the cluster',
      'error',
    ),
    /data directory must be removed/,
  ],
  [json('failed to resolve URL Host', 'lookup etcd-9 on 10.0.0.1:53: no such host'), /cannot resolve/],
  [json('discovery failed', 'error validating peerURLs: member count is unequal'), /cluster ID mismatch/],
  [json('discovery failed', 'cluster ID mismatch: peer and local'), /cluster ID mismatch/],
  [
    json(
      'discovery failed',
      '--initial-cluster has etcd-2=http://10.0.0.99:2380 but missing from --initial-advertise-peer-urls',
    ),
    /peer URL/,
  ],
  [json('discovery failed', 'open /data/member/snap/db: permission denied'), /permission denied/],
  [
    json('failed to save Raft hard state and entries', 'write 0.wal: no space left on device'),
    /no space left/,
  ],
  [json('discovery failed', 'walpb: crc mismatch'), /damaged/],
  ['panic: invalid database', /damaged/],
  [json('found data inconsistency with peers', 'checkInitialHashKV failed'), /not those of its peers/],
  [json('discovery failed', 'tls: failed to find any PEM data in certificate input'), /TLS certificate/],
  [json('discovery failed', 'x509: certificate has expired or is not yet valid'), /certificate has expired/],
  [
    json(
      'tocommit(254) is out of range [lastIndex(204)]. Was the raft log corrupted, truncated, or lost?',
      '',
      'panic',
    ),
    /Raft log/,
  ],
  ['panic: 8e9e05c52164694d state.commit 254 is out of range [100, 204]', /Raft log/],
  ['panic: applied(254) is out of range [prevApplied(100), committed(204)]', /Raft log/],
  ['panic: runtime error: index out of range', /panic/],
]
for (const [line, words] of rows)
  test(`${words} is read from: ${line.slice(0, 150)}`, () => {
    assert.match(fatalIn(`{"level":"info","msg":"starting"}\n${line}\n`)?.what ?? '', words)
  })

test('warnings about others, and the end of an older start, are no cause', () => {
  assert.equal(fatalIn(json('failed to reach peer', 'dial tcp: too many open files', 'warn')), null)
  const old = json('failed to listen', 'bind: address already in use')
  assert.equal(fatalIn(`${old}\n{"level":"info","msg":"etcd-version"}\n`), null)
  assert.equal(fatalIn(`${old}\netcdmain: etcd Version: 3.4.23\n`), null)
})

test('only data that is gone or damaged makes a member join with nothing', () => {
  const rejoins = rows.map(([line]) => fatalIn(line)).filter((cause) => cause?.rejoins)
  assert.equal(rejoins.length, 7)
})
