import type { AgentKind } from '../../core/work/agent.ts'

/** Runs no command and changes nothing. A fault that ends while it works has ended by itself. */
export const nop: AgentKind = async () => ({
  status: 'not_fixed',
  rootCause: 'not investigated: this agent does nothing',
  actions: [],
})
