import type { Cell } from './matrix.ts'

/** The victim of every cell. It is never the first node: where it matters who led, seeds decide. */
export const all = 'etcd-1:2379,etcd-2:2379,etcd-3:2379'
export const others = 'etcd-1:2379,etcd-3:2379'
export const wait = `until etcdctl --endpoints=${all} --command-timeout=2s endpoint health; do ((SECONDS < 25)) || exit 1; sleep 0.3; done`
export const asks = `e() { etcdctl --endpoints=${others} --dial-timeout=1s --command-timeout=5s "$@"; }
patiently() { until "$@"; do ((SECONDS < 20)) || exit 1; sleep 0.3; done; }
id=$(e member list | awk -F', ' '$3 == "etcd-2" {print $1}')`
const joinsAgain = `${asks}
svc stop etcd-2
[ -z "$id" ] || patiently e member remove "$id"
patiently e member add etcd-2 --peer-urls=http://etcd-2:2380
rm -rf /var/lib/etcd/etcd-2/data/member
sed -i 's/^initial-cluster-state:.*/initial-cluster-state: existing/' /etc/etcd/etcd-2.yml
svc start etcd-2
${wait}`

/** Long enough for whatever heals by itself. */
const waitsMs = 4_000

interface Kind {
  params?: Record<string, unknown>
  /** What it may come to when nobody does anything. */
  alone: Cell['expect']
  fix: string
  /** Where no command ends it. */
  hopeless?: string
  timeoutMs?: number
}

/** On a machine that is too busy the monitor may see ghosts. */
const quiet = ['unaffected', 'false_alarm'] as const

/** Every chaos type that etcd can suffer, with what ends it from inside. Strong enough to be felt at once. */
export const kinds: Record<string, Kind> = {
  none: { alone: quiet, fix: '', hopeless: 'there is nothing to repair, so no ticket and no agent' },
  noise: {
    params: { every_ms: 500 },
    timeoutMs: 8_000,
    alone: quiet,
    fix: '',
    hopeless: 'it is over by itself before it matters',
  },
  node_kill: { alone: ['unresolved'], fix: `svc start etcd-2; ${wait}` },
  pause: { alone: ['unresolved'], fix: `svc kill etcd-2 CONT; ${wait}` },
  latency: {
    params: { min_ms: 800 },
    alone: ['unresolved'],
    fix: `svc exec etcd-2 -- tc qdisc del dev eth0 root; svc exec etcd-2 -- iptables -t mangle -F PREROUTING; ${wait}`,
  },
  packet_loss: {
    params: { percent: 70 },
    alone: ['unresolved'],
    fix: `svc exec etcd-2 -- iptables -D INPUT -j EDGE-IN; ${wait}`,
  },
  bandwidth: {
    params: { rate: '16kbit' },
    alone: ['unresolved'],
    fix: `svc exec etcd-2 -- tc qdisc del dev eth0 root; ${wait}`,
  },
  network_partition: {
    alone: ['unresolved'],
    fix: `svc exec etcd-2 -- iptables -F ZONE-IN; svc exec etcd-2 -- iptables -F ZONE-OUT; ${wait}`,
  },
  disk_pressure: { alone: ['unresolved'], fix: `rm /var/lib/etcd/etcd-2/core.*; svc start etcd-2; ${wait}` },
  cpu_throttle: { params: { percent: 1 }, alone: ['unresolved'], fix: `svc restart etcd-2; ${wait}` },
  nospace_alarm: {
    // To fill the database is a part of it.
    timeoutMs: 60_000,
    alone: ['unresolved'],
    fix: `${asks}
e compact $(e endpoint status -w fields | awk '/"Revision"/ {print $3; exit}')
for node in 1 2 3; do etcdctl --endpoints=etcd-$node:2379 --command-timeout=20s defrag; done
e alarm disarm; ${wait}`,
  },
  bad_config: {
    alone: ['unresolved'],
    fix: `sed -i 's|^listen-peer-urls:.*|listen-peer-urls: http://0.0.0.0:2380|' /etc/etcd/etcd-2.yml; svc start etcd-2; ${wait}`,
  },
  data_corruption: { alone: ['unresolved'], fix: joinsAgain },
  member_removed: { alone: ['unresolved'], fix: joinsAgain },
}

/** Of every type that nobody does anything, and the right fix. */
export const perType = Object.entries(kinds).flatMap(
  ([chaos, { params, alone, fix, hopeless, timeoutMs }]): Cell[] => {
    const damage = { chaos, ...(params && { params }), ...(timeoutMs && { timeoutMs }) }
    return [
      {
        ...damage,
        who: 'nobody does anything',
        behaviour: hopeless === undefined ? 'does nothing' : 'has nothing to do',
        rule: hopeless === undefined ? 'every node serves' : 'nothing was broken',
        expect: alone,
        why: hopeless ?? 'it stays broken to the end',
        timeoutMs: timeoutMs ?? waitsMs,
      },
      ...(hopeless
        ? []
        : [
            {
              ...damage,
              who: 'the right fix',
              behaviour: 'repairs' as const,
              rule: 'the monitor confirms' as const,
              script: fix,
              expect: ['resolved'] as const,
              why: 'all is as before, and stays so',
            },
          ]),
    ]
  },
)
