import assert from 'node:assert/strict'
import type { Topology } from '../../src/core/watch/topology.ts'
import type { Cluster, Lab } from '../../src/lab/contract.ts'
import { topology as etcdTopology } from '../../src/subjects/etcd/topology.ts'
import { port, smallTopology } from './small-topology.ts'
import { until } from './until.ts'

/** A kind of cluster to break. Of its three nodes, the second is broken, and the third must not notice. */
export interface Arena {
  name: string
  topology: Topology
  /** Whether a node answers a client. */
  answers(cluster: Cluster, node: string): Promise<boolean>
  /** How long it may take to be whole again, elections and catching up included. */
  wholeMs: number
}

export const echoArena: Arena = {
  name: 'echo',
  topology: smallTopology(3),
  answers: async (cluster, node) => {
    const talk =
      'exec 3<>/dev/tcp/$0/$1 && echo hello >&3 && while read -r line <&3; do [[ $line != hello ]] || exit 0; done; exit 1'
    const ask = ['timeout', '0.7', 'bash', '-c', talk, node, String(port)]
    return (await cluster.run(neighbour(cluster, node), ask)).exitCode === 0
  },
  wholeMs: 15_000,
}

export const neighbour = (cluster: Cluster, node: string): string =>
  cluster.nodes.find(({ name }) => name !== node)?.name ?? node

/** What comes back from another node's client within some seconds. */
export async function echo(cluster: Cluster, node: string, input: string, seconds: number): Promise<string> {
  const ask = ['timeout', String(seconds), 'socat', '-t', String(seconds - 0.1), '-', `TCP:${node}:${port}`]
  return (await cluster.run(neighbour(cluster, node), ask, { input, maxBytes: 2 * input.length + 1_000 }))
    .stdout
}

export const etcdArena: Arena = {
  name: 'etcd',
  topology: etcdTopology(3),
  answers: async (cluster, node) => {
    const ask = ['etcdctl', `--endpoints=${node}:2379`, '--dial-timeout=500ms', '--command-timeout=800ms']
    return (await cluster.run(node, [...ask, 'get', 'anything'])).exitCode === 0
  },
  wholeMs: 30_000,
}

/** The same cluster for many tests, as long as they leave it whole. */
export function sharedCluster(lab: Lab, arena: Arena) {
  let cluster: Cluster | null = null
  const answersAll = async (of: Cluster) =>
    (await Promise.all(of.nodes.map(({ name }) => arena.answers(of, name)))).every(Boolean)
  const untilWhole = (of: Cluster) => until('it is whole', () => answersAll(of), arena.wholeMs)
  return {
    untilWhole,
    async get(): Promise<Cluster> {
      if (cluster && (await answersAll(cluster))) return cluster
      await cluster?.[Symbol.asyncDispose]()
      cluster = await lab.up(arena.topology, { signal: new AbortController().signal })
      await untilWhole(cluster)
      return cluster
    },
    [Symbol.asyncDispose]: async () => cluster?.[Symbol.asyncDispose](),
  }
}

/** All that somebody who is logged in can look at, line by line. */
export async function visible(cluster: Cluster): Promise<Set<string>> {
  const probe = `
    exec 2>/dev/null
    ps -eo user,stat,args; cat /proc/[0-9]*/environ | tr '\\0' '\\n'
    ls -lR /tmp /run /root /home /var /etc /srv /opt /mnt; cat /etc/* /etc/svc/* /etc/echo/* /etc/etcd/*
    for net in '' $(ls /run/netns | sed 's|^|/run/netns/|'); do
      in() { if [[ $net ]]; then nsenter --net=$net "$@"; else nsenter -t 1 -n "$@"; fi; }
      in ip -d addr; in ip route; in ip rule; in tc qdisc; in tc filter; in iptables-save; in nft list ruleset; in ss -xuntap
    done
    cat /proc/*/cgroup /proc/mounts; tail -n 50 /var/log/*`
  const { stdout } = await cluster.run(cluster.nodes[0]?.name ?? '', ['bash', '-s'], { input: probe })
  assert.match(stdout, /init/)
  return new Set(stdout.split('\n'))
}
