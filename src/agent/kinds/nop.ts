import type { AgentKind } from '../../core/work/agent.ts'

/** Looks at nothing and changes nothing: what heals under it heals by itself. */
export const nop: AgentKind = async () => ({
  status: 'not_fixed',
  rootCause: 'nobody looked: this agent does nothing',
  actions: [],
})
