import type { ChaosType } from '../chaos/chaos-type.ts'
import type { Observation, Subject } from '../core/watch/subject.ts'
import type { AgentKind } from '../core/work/agent.ts'

/** A kind of agent that a variant names: `agent: NAME`. */
export interface Agent {
  name: string
  /** One line for lists. */
  description: string
  work: AgentKind
}

/** How a plugin's exports are told apart, also when the plugin has a copy of this package of its own. */
export const mark = Symbol.for('operator-sre/plugin')
export type Marked = { [mark]?: 'subject' | 'chaos type' | 'agent' }

const marked = <T extends object>(kind: Marked[typeof mark], definition: T): T =>
  Object.defineProperty(definition, mark, { value: kind })

/** A kind of system: it can be watched, and with a topology also started in a lab, broken and repaired. */
export const defineSubject = <O extends Observation>(subject: Subject<O>): Subject<O> =>
  marked('subject', subject)

/** A kind of damage. */
export const defineChaosType = <P>(type: ChaosType<P>): ChaosType<P> => marked('chaos type', type)

/** A kind of agent. It gets tickets and a shell, and ends with a claim. */
export const defineAgent = (agent: Agent): Agent => marked('agent', agent)
