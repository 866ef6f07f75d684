import { z } from 'zod'
import type { Cluster } from '../../lab/contract.ts'
import type { ChaosType, Fault } from '../chaos-type.ts'
import { addressOf, interfaceOf, neighbourOf } from '../link.ts'
import { outside, run } from '../run.ts'
import { allTargets, chooseTarget, eachTarget, someTarget } from '../target.ts'

const kbitPer = { kbit: 1, mbit: 1000, gbit: 1_000_000 }
const allowed = 'kbit, mbit or gbit per second from 8kbit to 10gbit, e.g. 512kbit'

const params = z.strictObject({
  rate: z
    .string(allowed)
    .regex(/^\d+(\.\d+)?(kbit|mbit|gbit)$/, allowed)
    .refine((rate) => kbits(rate) >= 8 && kbits(rate) <= 10_000_000, allowed)
    .default('512kbit'),
})

/** A limit raised to this multiple of the rate no longer limits. Any other discipline that is as narrow still does. */
const narrow = 10

/** As `tc` shows units. */
const kbitOf = (unit: string): number => ({ k: 1, m: 1000, g: 1_000_000 })[unit.toLowerCase()] ?? 0.001

/** Handle of our own, so that no other discipline is ever replaced or removed. */
const handle = '2b:'

/** A narrow link: what the node sends queues up behind a fixed rate. */
export const bandwidth: ChaosType<z.infer<typeof params>> = {
  name: 'bandwidth',
  description: 'limits the rate at which a node can send',
  causes: [
    /\bbandwidth\b|\btbf\b|token bucket|traffic shap|\d ?[km]bit/i,
    /(network|link|egress|interface|traffic|throughput|send) .{0,20}(rate[- ]?limit|throttl|capped)/i,
    /(rate[- ]?limit|throttl)\w* .{0,30}(network|link|egress|interface|traffic|uplink|outgoing)/i,
  ],
  alsoNamed: ['latency'],
  params,
  needs: ['clusters', 'bandwidth'],
  plan: async (plan) => ({
    chaosType: 'bandwidth',
    target: chooseTarget(plan),
    params: plan.params,
    undo: {},
  }),
  inject: (cluster, fault) =>
    eachTarget(fault, async (node) => {
      const limit = [
        'rate',
        `${kbits(rateOf(fault))}kbit`,
        'burst',
        String(burstBytes(fault)),
        'latency',
        '400ms',
      ]
      const on = ['dev', await interfaceOf(cluster, node), 'root', 'handle', handle]
      await run(cluster, node, ['tc', 'qdisc', 'add', ...on, 'tbf', ...limit])
    }),
  landed: (cluster, fault) =>
    allTargets(fault, async (node) => {
      if (!(await limited(cluster, node))) return false
      const kbit = await measuredKbit(cluster, node)
      return kbit !== null && kbit <= kbits(rateOf(fault)) * 1.2 + packetKbit
    }),
  remains: (cluster, fault) =>
    someTarget(fault, async (node) => {
      const shown = await outside(cluster, node, 'tc qdisc show dev eth0; tc class show dev eth0')
      const rates = [...shown.matchAll(/\brate ([\d.]+)([KMG]?)bit/gi)]
      return rates.some(
        ([, amount, unit]) => Number(amount) * kbitOf(unit ?? '') < narrow * kbits(rateOf(fault)),
      )
    }),
  revert: (cluster, fault) =>
    eachTarget(fault, async (node) => {
      if (!(await limited(cluster, node))) return
      const on = ['dev', await interfaceOf(cluster, node), 'root', 'handle', handle]
      await run(cluster, node, ['tc', 'qdisc', 'del', ...on])
    }),
  clean: (cluster, fault) => allTargets(fault, async (node) => !(await limited(cluster, node))),
}

const limited = async (cluster: Cluster, node: string): Promise<boolean> =>
  (await run(cluster, node, ['tc', 'qdisc', 'show'])).includes(`qdisc tbf ${handle}`)

/** One large packet in the half second of a measurement: more than the rate of a slow link. */
const packetKbit = (1_500 * 8) / 500

/** Bytes that leave the node while it sends as fast as it can for half a second, from its own counters. */
async function measuredKbit(cluster: Cluster, node: string): Promise<number | null> {
  const script = `
    sent() { tc -s qdisc show | sed -n "/qdisc tbf ${handle}/,+1s/^ Sent \\([0-9]*\\) .*/\\1/p"; }
    flood() { timeout 0.8 dd if=/dev/zero bs=1400 >/dev/udp/$1/9; }
    for _ in {1..3}; do flood $1 & done 2>/dev/null
    sleep 0.25; a=$(sent); s=$EPOCHREALTIME; sleep 0.5; b=$(sent); e=$EPOCHREALTIME; wait
    [[ $a && $b ]] && echo $(( (b - a) * 8000 / (\${e/./} - \${s/./}) ))`
  const to = addressOf(cluster, neighbourOf(cluster, node))
  const { stdout } = await cluster.run(node, ['bash', '-s', '--', to], { input: script, timeoutMs: 5_000 })
  return /^\d+$/.test(stdout.trim()) ? Number(stdout) : null
}

const rateOf = (fault: Fault): string => params.parse(fault.params).rate

/** Two milliseconds of the rate, but never less than a few packets: a smaller bucket could not pass a large one. */
const burstBytes = (fault: Fault): number => Math.max(8_000, Math.ceil((kbits(rateOf(fault)) * 2) / 8))

function kbits(rate: string): number {
  const [, amount, unit] = /^([\d.]+)(kbit|mbit|gbit)$/.exec(rate) ?? []
  return Math.round(Number(amount) * kbitPer[unit as keyof typeof kbitPer])
}
