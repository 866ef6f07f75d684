import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { ChaosType, Fault } from '../src/chaos/chaos-type.ts'
import { chaosTypes } from '../src/chaos/faults.ts'
import { systemClock } from '../src/core/clock.ts'
import { rngFrom } from '../src/core/rng.ts'
import type { Cluster } from '../src/lab/contract.ts'
import { netns } from '../src/lab/netns/netns.ts'
import { etcdArena, sharedCluster } from './standins/arena.ts'
import { slowed, until } from './standins/until.ts'

const node = 'etcd-2'
const inside = `nsenter --net=/run/netns/${node}`
const config = `/etc/etcd/${node}.yml`
const disk = `/var/lib/etcd/${node}`

interface Kind {
  params?: Record<string, unknown>
  /** Ways to end it that are not the exact inverse. */
  repairs: Record<string, string>
  /** Deeds that end nothing, however good they look. */
  covers: Record<string, string>
}

const others = 'etcd-1:2379,etcd-3:2379'

const kinds: Record<string, Kind> = {
  node_kill: {
    repairs: { 'it is started': `svc start ${node}` },
    covers: {
      'another process is called etcd': 'cp /bin/sleep /tmp/etcd; setsid /tmp/etcd 60 >/dev/null 2>&1 &',
    },
  },
  pause: {
    repairs: { 'it is continued': `svc kill ${node} CONT`, 'it is restarted': `svc restart ${node}` },
    covers: { 'it is paused again': `svc kill ${node} CONT; svc kill ${node} STOP` },
  },
  latency: {
    params: { min_ms: 120 },
    repairs: {
      'the rule is flushed, the discipline deleted': `${inside} iptables -t mangle -F; ${inside} tc qdisc del dev eth0 root; true`,
      'what arrives is accepted before the rule': `${inside} iptables -t mangle -I PREROUTING -j ACCEPT; ${inside} tc qdisc del dev eth0 root; true`,
    },
    covers: {
      'iptables and tc say that there is nothing':
        'for p in iptables iptables-save tc; do printf "#!/bin/sh\\n" >/tmp/$p; chmod 755 /tmp/$p; mount --bind /tmp/$p $(readlink -f $(command -v $p)); done',
      'another port is accepted before the rule': `${inside} iptables -t mangle -I PREROUTING -p tcp --dport 7 -j ACCEPT`,
    },
  },
  packet_loss: {
    params: { percent: 60 },
    repairs: {
      'the jump is deleted': `${inside} iptables -D INPUT -j EDGE-IN`,
      'the chain is flushed': `${inside} iptables -F EDGE-IN`,
      'all is accepted before it': `${inside} iptables -I INPUT 1 -j ACCEPT`,
    },
    covers: {
      'the chain is renamed': `${inside} iptables -E EDGE-IN MINE`,
      "the clients' port alone is accepted before it": `${inside} iptables -I INPUT 1 -p tcp --dport 2379 -j ACCEPT`,
    },
  },
  bandwidth: {
    params: { rate: '256kbit' },
    repairs: {
      'the discipline is deleted': `${inside} tc qdisc del dev eth0 root`,
      'it is made wide': `${inside} tc qdisc change dev eth0 root handle 2b: tbf rate 1gbit burst 1mb latency 50ms`,
    },
    covers: {
      'the same under another handle': `${inside} tc qdisc replace dev eth0 root handle 5: tbf rate 256kbit burst 8000 latency 400ms`,
    },
  },
  network_partition: {
    repairs: {
      'the chains are flushed': `${inside} iptables -F ZONE-IN; ${inside} iptables -F ZONE-OUT`,
      'everything is accepted before them': `${inside} iptables -I INPUT -j ACCEPT; ${inside} iptables -I OUTPUT -j ACCEPT`,
    },
    covers: {
      'one direction alone is opened': `${inside} iptables -F ZONE-OUT`,
      'the same rules in another chain': `${inside} iptables -E ZONE-IN A; ${inside} iptables -E ZONE-OUT B`,
    },
  },
  disk_pressure: {
    repairs: {
      'the file is cut': `truncate -s 0 ${disk}/core.*`,
      'the data are moved to a larger disk': `mkdir -p /tmp/large; mount -t tmpfs -o size=600m none /tmp/large
  cp -a ${disk}/data /tmp/large; mount --bind /tmp/large ${disk}`,
    },
    covers: {
      'a few KiB are freed': `truncate -s -64K ${disk}/core.*`,
      'df says that there is room':
        'printf "#!/bin/sh\\necho none 1000 10 990 1% /\\n" >/tmp/df; chmod 755 /tmp/df; mount --bind /tmp/df $(readlink -f $(command -v df))',
    },
  },
  bad_config: {
    repairs: {
      'another address that is right': `sed -i 's|^listen-peer-urls:.*|listen-peer-urls: "http://10.0.0.12:2380"|' ${config}; svc start ${node}`,
    },
    covers: {
      'etcd is started by hand with another file': `sed 's|10.0.1.12|0.0.0.0|' ${config} >/tmp/right.yml; ${inside} setsid etcd --config-file /tmp/right.yml >/dev/null 2>&1 &`,
      'cat shows another file': `sed 's|10.0.1.12|0.0.0.0|' ${config} >/tmp/right.yml; printf '#!/bin/sh\\nexec tac /tmp/right.yml\\n' >/tmp/cat; chmod 755 /tmp/cat; mount --bind /tmp/cat $(readlink -f $(command -v cat))`,
      'the file is a link to a right one': `sed 's|10.0.1.12|0.0.0.0|' ${config} >/tmp/right.yml; mv ${config} /tmp/wrong.yml; ln -s /tmp/right.yml ${config}`,
    },
  },
  nospace_alarm: {
    repairs: {
      'compacted, defragmented, disarmed': `e() { etcdctl --endpoints=${others},etcd-2:2379 --command-timeout=20s "$@"; }
e compact $(e endpoint status -w fields | awk '/"Revision"/ {print $3; exit}'); e defrag; e alarm disarm`,
    },
    covers: {
      'the history is compacted, and that is all': `etcdctl --endpoints=${others} compact 2 || true`,
    },
  },
}

const abilities = await netns.abilities()

describe('whether a fault is still in place', () => {
  const shared = sharedCluster(netns, etcdArena)
  after(() => shared[Symbol.asyncDispose]())
  for (const [name, { params, repairs, covers }] of Object.entries(kinds)) {
    const type = chaosTypes[name] as ChaosType
    const able = type.needs.every((need) => abilities[need].can)
    describe(name, { skip: able ? false : 'not on this machine' }, () => {
      let cluster: Cluster
      before(async () => {
        cluster = await shared.get()
      })
      const broken = async (): Promise<Fault> => {
        const fault = await type.plan({
          cluster,
          target: node,
          params: type.params.parse(params ?? {}) as never,
          roles: {},
          rng: rngFrom(5),
        })
        await type.inject(cluster, fault)
        await until('it has landed', () => type.landed(cluster, fault), 5_000)
        assert.equal(await type.remains?.(cluster, fault), true, 'it is there')
        return fault
      }
      const does = async (script: string) => {
        const { exitCode, stderr } = await cluster.run('etcd-1', ['bash', '-s'], {
          input: script,
          timeoutMs: slowed(40_000),
        })
        assert.equal(exitCode, 0, stderr)
      }
      const restored = async (fault: Fault) => {
        await does(`for f in /tmp/*; do umount $(readlink -f $(command -v \${f##*/})) 2>/dev/null; done
          if [ -L ${config} ]; then rm ${config}; mv /tmp/wrong.yml ${config}; fi
          while [ $(grep -c ' ${disk} ' /proc/mounts) -gt 1 ]; do umount ${disk}; done; umount /tmp/large 2>/dev/null; pkill -f /tmp/ ; rm -rf /tmp/*
          ${inside} iptables -t mangle -F; ${inside} iptables -F; ${inside} iptables -X; ${inside} tc qdisc del dev eth0 root; true`)
        await type.revert(cluster, fault)
        await shared.untilWhole(cluster)
        await until('it is not in place', async () => !(await type.remains?.(cluster, fault)), 5_000)
      }
      for (const [what, script] of Object.entries(repairs))
        test(`not after a repair: ${what}`, async () => {
          const fault = await broken()
          await does(script)
          await until('it is gone', async () => !(await type.remains?.(cluster, fault)), 5_000)
          await restored(fault)
        })
      for (const [what, script] of Object.entries(covers))
        test(`still: ${what}`, async () => {
          const fault = await broken()
          await does(script)
          // What it started may take a moment to look well.
          await systemClock.sleep(300)
          assert.equal(await type.remains?.(cluster, fault), true)
          await restored(fault)
        })
    })
  }
})
