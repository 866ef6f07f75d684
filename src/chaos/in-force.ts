import type { Cluster } from '../lab/contract.ts'
import { placeOf } from './link.ts'
import { outside } from './run.ts'

/** A rule of a node's firewall, as `iptables-save -c` has it, with the packets that reached it. */
interface Rule {
  packets: number
  text: string
}

interface CountedRules {
  rules: Rule[]
  /** Packets through the node's interface, both ways. */
  passed: number
}

/** Fewer packets than this prove nothing about a rule that matched none of them. */
const fewPackets = 6

/**
 * Rules of a node's firewall that take effect: they exist, and packets reach them. A rule behind another one that lets
 * everything through has no effect. Where no packet arrives at all, existing rules are assumed to take effect. The check
 * makes some connections from another node, so that packets arrive.
 *
 * @param isMeant decides by the text of a rule, such as `-A INPUT -j EDGE-IN`
 */
export async function rulesInForce(
  cluster: Cluster,
  node: string,
  from: string,
  isMeant: (rule: string) => boolean,
): Promise<string[]> {
  const before = await countedRules(cluster, node)
  if (!before.rules.some(({ text }) => isMeant(text))) return []
  await outside(cluster, from, connectOften, ...placeOf(cluster, node))
  const after = await countedRules(cluster, node)
  const isQuiet = after.passed - before.passed < fewPackets
  return after.rules
    .filter(({ text }) => isMeant(text))
    .filter(({ text, packets }) => {
      const was = before.rules.find((rule) => rule.text === text)
      // The counter may have been reset to 0, so any change of it counts.
      return isQuiet || packets !== was?.packets
    })
    .map(({ text }) => text)
}

const connectOften = `for _ in {1..8}; do timeout 0.3 bash -c ': <>/dev/tcp/$0/$1' "$1" "$2"; sleep 0.05; done 2>/dev/null; :`

const state = `for table in mangle filter; do iptables-save -c -t $table || exit; done; grep -F eth0: /proc/net/dev`

async function countedRules(cluster: Cluster, node: string): Promise<CountedRules> {
  const lines = (await outside(cluster, node, state)).split('\n')
  const counters =
    lines
      .find((line) => line.includes('eth0:'))
      ?.split(/[:\s]+/)
      .filter(Boolean) ?? []
  return {
    rules: lines.flatMap((line): Rule[] => {
      const [, packets, text] = /^\[(\d+):\d+\] (-A .*)$/.exec(line) ?? []
      return text === undefined ? [] : [{ packets: Number(packets), text }]
    }),
    // After the interface's name: bytes, packets received; eight fields later those sent.
    passed: Number(counters[2] ?? 0) + Number(counters[10] ?? 0),
  }
}

/** Whether chains of ours drop anything: packets reach the jump to a chain, and the chain has a rule that drops. */
export async function chainsInForce(
  cluster: Cluster,
  node: string,
  from: string,
  names: readonly string[],
): Promise<boolean> {
  const isJump = (rule: string) => names.some((name) => rule.endsWith(` -j ${name}`))
  const isDrop = (rule: string) => names.some((name) => rule.startsWith(`-A ${name} `)) && dropping.test(rule)
  const { rules } = await countedRules(cluster, node)
  const full = names.filter((name) =>
    rules.some(({ text }) => text.startsWith(`-A ${name} `) && isDrop(text)),
  )
  if (full.length === 0) return false
  const jumps = await rulesInForce(cluster, node, from, isJump)
  return jumps.some((jump) => full.some((name) => jump.endsWith(` -j ${name}`)))
}

/** A rule whose share is 0 drops nothing. */
const dropping = /^(?!.*--probability 0(\.0+)?\b(?!\.)).* -j (DROP|REJECT)/
