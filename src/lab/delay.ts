import { readFileSync } from 'node:fs'
import type { Delay, Result } from './contract.ts'

// Uses netem where the kernel has it. Otherwise uses a netfilter queue, which nearly every kernel has: a rule in the node's
// network puts arriving packets into it, and a relay releases them when they are due. Without the relay the rule does
// nothing.

/** The network of one node, in whichever lab. */
export interface Link {
  /** Runs a shell script in it, as its root. The node's interface is eth0. */
  sh(script: string): Promise<Result>
  /**
   * Runs a program in the network, invisible to the cluster's processes, until `endRelay` or the end of the cluster. It
   * prints "ready"; then the rule is installed, and only then is the program told to continue.
   */
  startRelay(argv: readonly string[], putRest: () => Promise<void>): Promise<void>
  /** Lets the relay end by itself, as a kill would lose the packets it holds. No-op when there is none. */
  endRelay(): Promise<void>
  hasRelay(): Promise<boolean>
}

const relay = readFileSync(new URL('./delay.pl', import.meta.url), 'utf8')
/** A number that nothing else uses. */
const queue = 2
/** The rule that makes packets wait, also used to test whether the kernel supports it. */
export const queueRule = `-j NFQUEUE --queue-num ${queue} --queue-bypass`

export const relayArgv = (minMs: number, maxMs: number): string[] =>
  ['perl', '-e', relay, queue, minMs, maxMs].map(String)

/** netem is attached to the node's interface under this handle, which nothing else uses. */
const handle = '2d:'

/** @param peer address of the only node that is meant */
export async function delayLink(link: Link, { minMs, maxMs }: Delay, peer?: string): Promise<void> {
  const { exitCode, stderr } = await link.sh(netem(minMs, maxMs, peer).join(' && '))
  if (exitCode === 0) return
  // Remove the commands that ran before the unsupported one.
  await link.sh(`tc qdisc del dev eth0 root handle ${handle}`)
  if (!/qdisc kind is unknown|No such file/.test(stderr)) throw new Error(`tc: ${stderr.trim()}`)
  await link.startRelay(relayArgv(minMs, maxMs), async () => {
    const from = peer === undefined ? '' : `-s ${peer}`
    // Only arriving packets: a leaving packet that is held counts against its sender's buffers, which would also limit the
    // bandwidth.
    const added = await link.sh(`iptables -w -t mangle -I PREROUTING -i eth0 ${from} ${queueRule}`)
    if (added.exitCode !== 0) throw new Error(`iptables: ${added.stderr.trim()}`)
  })
}

function netem(minMs: number, maxMs: number, peer?: string): string[] {
  const discipline = `netem delay ${(minMs + maxMs) / 2}ms ${(maxMs - minMs) / 2}ms limit 10000`
  if (peer === undefined) return [`tc qdisc add dev eth0 root handle ${handle} ${discipline}`]
  return [
    `tc qdisc add dev eth0 root handle ${handle} prio bands 4`,
    `tc qdisc add dev eth0 parent ${handle}4 handle 2e: ${discipline}`,
    `tc filter add dev eth0 parent ${handle} protocol ip u32 match ip dst ${peer}/32 flowid ${handle}4`,
  ]
}

const rules = `iptables -w -t mangle -S PREROUTING | sed -n 's/^-A \\(.* --queue-num ${queue}\\b.*\\)/\\1/p'`

/** Idempotent, also after a partial repair from inside. */
export async function undelayLink(link: Link): Promise<void> {
  const { stderr } = await link.sh(`
    tc qdisc del dev eth0 root handle ${handle}
    ${rules} | while read -r rule; do iptables -w -t mangle -D $rule; done`)
  await link.endRelay()
  // tc complains when there is nothing to remove; the check below decides.
  if (await isDelayedLink(link)) throw new Error(`it is still delayed: ${stderr.trim()}`)
}

export async function isDelayedLink(link: Link): Promise<boolean> {
  const { stdout } = await link.sh(`${rules}; tc qdisc show dev eth0`)
  const signs = [`--queue-num ${queue}`, `qdisc netem ${handle}`, `qdisc prio ${handle}`]
  return signs.some((sign) => stdout.includes(sign)) || (await link.hasRelay())
}
