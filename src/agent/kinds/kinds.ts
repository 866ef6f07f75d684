import { BadInput } from '../../core/errors.ts'
import type { AgentKind } from '../../core/work/agent.ts'
import { agentKinds } from '../../core/work/variant.ts'

/** The kinds of agents that plugins bring, by the name that a variant gives: `agent: NAME`. */
const ofPlugins = new Map<string, AgentKind>()

export const knownAgentKinds = (): string[] => [...agentKinds, ...ofPlugins.keys()]

export const pluginAgent = (name: string): AgentKind | undefined => ofPlugins.get(name)

/** @throws BadInput for a name that is taken. */
export function addAgentKind({ name, work }: { name: string; work: AgentKind }): void {
  if (knownAgentKinds().includes(name)) throw new BadInput(`there is a kind of agent '${name}' already`)
  ofPlugins.set(name, work)
}
