import type { Verb } from './terminal/io.ts'

/** Every verb, in the order of `--help`. A verb's file is loaded only when it is used: `--help` stays quick. */
export const verbs: Record<string, { summary: string; hidden?: true; load(): Promise<Verb> }> = {
  doctor: { summary: 'show what can run on this machine', load: () => import('./doctor.ts') },
  lab: { summary: 'start and use real clusters on this machine', load: () => import('./lab.ts') },
  monitor: { summary: 'watch a cluster and open tickets', load: () => import('./monitor.ts') },
  tickets: { summary: 'list, show and change tickets', load: () => import('./tickets.ts') },
  agent: { summary: 'work on tickets', load: () => import('./agent.ts') },
  up: { summary: 'watch and repair all clusters of one file', load: () => import('./up.ts') },
  audit: { summary: 'show what agents thought and did', load: () => import('./audit.ts') },
  eval: { summary: 'break clusters on purpose and measure the repair', load: () => import('./eval.ts') },
  viewer: { summary: 'show tickets and sessions in a browser', load: () => import('./viewer.ts') },
  shell: {
    summary: 'run audited commands, for a program that works as the agent',
    load: () => import('./shell.ts'),
  },
  mcp: { summary: 'the same over MCP on stdio', load: () => import('./agent/mcp.ts') },
  demo: { summary: 'break a real cluster and watch the repair', load: () => import('./demo.ts') },
  witness: { summary: 'the oracle of a trial', hidden: true, load: () => import('./witness.ts') },
}
