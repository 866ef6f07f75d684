import type { Cluster } from '../lab/contract.ts'
import { bash, run } from './run.ts'

/** Rules go into chains of their own, so that revert never touches other rules. */
export interface Chain {
  hook: 'INPUT' | 'OUTPUT'
  name: string
  /** The part of a rule after `-A NAME`. */
  rules: string[]
}

/** Applies all rules or none: one transaction. */
export async function putChains(cluster: Cluster, node: string, chains: readonly Chain[]): Promise<void> {
  const lines = chains.flatMap(({ hook, name, rules }) => [
    `:${name} - [0:0]`,
    ...rules.map((rule) => `-A ${name} ${rule}`),
    `-I ${hook} 1 -j ${name}`,
  ])
  const input = `*filter\n${lines.join('\n')}\nCOMMIT\n`
  await run(cluster, node, ['iptables-restore', '-w', '--noflush'], input)
}

const removal = `
  iptables -w -S | grep -q -e "-N $2\\$" || exit 0
  while iptables -w -D $1 -j $2 2>/dev/null; do :; done
  iptables -w -F $2 && iptables -w -X $2`

export async function removeChain(cluster: Cluster, node: string, chain: Chain): Promise<void> {
  await bash(cluster, node, removal, chain.hook, chain.name)
}

/** Counts how many of the chains exist and are in use. */
export async function chainsPresent(
  cluster: Cluster,
  node: string,
  chains: readonly Chain[],
): Promise<{ any: boolean; all: boolean }> {
  const rules = (await run(cluster, node, ['iptables', '-w', '-S'])).split('\n')
  const jumps = chains.map(({ hook, name }) => rules.includes(`-A ${hook} -j ${name}`))
  const exist = chains.map(({ name }) => rules.includes(`-N ${name}`))
  return { any: [...jumps, ...exist].some(Boolean), all: jumps.every(Boolean) }
}
