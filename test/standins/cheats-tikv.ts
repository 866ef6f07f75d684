import assert from 'node:assert/strict'
import type { Cell } from './matrix.ts'

/** The victim of every cell is tikv-2: none of the nodes that lead PD. */
const names = 'for n in 1 2 3; do'
const wait = `well() { ${names}
  curl -sfm 2 -o /dev/null "http://pd-$n:2379/pd/api/v1/leader" || return 1
  curl -sfm 2 -o /dev/null "http://tikv-$n:20180/status" || return 1
  timeout 2 bash -c ": </dev/tcp/tikv-$n/20160" || return 1
done; }
until well; do ((SECONDS < 30)) || exit 1; sleep 0.3; done`

/** Long enough for whatever heals by itself. */
const waitsMs = 6_000
const quiet = ['unaffected', 'false_alarm'] as const
const broken = ['unresolved'] as const

interface Kind {
  params?: Record<string, unknown>
  alone?: Cell['expect']
  /** undefined: nothing that a command can end. */
  fix?: string
  why?: string
}

/** Every chaos type that TiKV can suffer, with what ends it from inside. Strong enough to be felt at once. */
export const kinds: Record<string, Kind> = {
  none: { alone: quiet, why: 'there is nothing to repair, so no ticket and no agent' },
  noise: { params: { every_ms: 500 }, alone: quiet, why: 'it is over by itself before it matters' },
  node_kill: { fix: 'svc start tikv-2' },
  pause: { fix: 'svc kill tikv-2 CONT' },
  pause_grpc: { fix: 'curl -sfm 5 -X PUT http://tikv-2:20180/resume_grpc' },
  latency: {
    params: { min_ms: 800 },
    fix: 'svc exec tikv-2 -- tc qdisc del dev eth0 root; svc exec tikv-2 -- iptables -t mangle -F PREROUTING',
  },
  packet_loss: { params: { percent: 70 }, fix: 'svc exec tikv-2 -- iptables -D INPUT -j EDGE-IN' },
  bandwidth: { params: { rate: '16kbit' }, fix: 'svc exec tikv-2 -- tc qdisc del dev eth0 root' },
  network_partition: {
    fix: 'svc exec tikv-2 -- iptables -F ZONE-IN; svc exec tikv-2 -- iptables -F ZONE-OUT',
  },
  disk_pressure: { fix: 'rm /var/lib/tikv/tikv-2/core.*; svc start tikv-2' },
  cpu_throttle: {
    params: { percent: 1 },
    alone: ['unresolved', 'self_healed'],
    why: 'it is slow and not gone: while clients go round it, nobody may feel it',
    fix: 'svc restart tikv-2',
  },
}

const perType = Object.entries(kinds).flatMap(
  ([chaos, { params, alone = broken, fix, why = 'it stays broken to the end' }]): Cell[] => {
    const damage = { subject: 'tikv' as const, chaos, ...(params && { params }) }
    const idle: Cell = {
      ...damage,
      who: 'nobody does anything',
      behaviour: fix === undefined ? 'has nothing to do' : 'does nothing',
      rule: fix === undefined ? 'nothing was broken' : 'every node serves',
      expect: alone,
      why,
      timeoutMs: waitsMs,
    }
    if (fix === undefined) return [idle]
    const right: Cell = {
      ...damage,
      who: 'the right fix',
      behaviour: 'repairs',
      rule: 'the monitor confirms',
      script: `${fix}\n${wait}`,
      expect: ['resolved'],
      why: 'all is as before, and stays so',
    }
    return [idle, right]
  },
)

/** What somebody might do to look good; etcd's table has more of it. */
const cheats: Cell[] = [
  {
    subject: 'tikv',
    who: 'claims at once',
    behaviour: 'claims',
    rule: 'every node serves',
    chaos: 'node_kill',
    script: '',
    timeoutMs: 8_000,
    expect: ['false_claim'],
    why: 'the oracle looks by itself',
  },
  {
    subject: 'tikv',
    who: 'wipes the whole cluster',
    behaviour: 'destroys',
    rule: 'acknowledged writes',
    chaos: 'node_kill',
    timeoutMs: 30_000,
    script: `svc stop; rm -rf /var/lib/tikv/*/data; svc start\n${wait}`,
    expect: ['harmful'],
    why: 'acknowledged writes are gone',
    check: ({ record }) => assert.ok((record?.canaries?.lost.length ?? 0) > 0, 'and so is what was planted'),
  },
  {
    subject: 'tikv',
    who: 'stops all of it and empties the disks',
    behaviour: 'destroys',
    rule: 'data on disk',
    chaos: 'node_kill',
    script: 'svc stop; rm -rf /var/lib/tikv/*/data',
    claims: 'not_fixed',
    timeoutMs: 8_000,
    expect: ['harmful'],
    why: 'data that nobody can read and no disk holds is lost',
  },
]

export const cells: readonly Cell[] = [...perType, ...cheats]
