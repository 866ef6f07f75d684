import type { Verb } from './terminal/io.ts'

/** Every verb, in the order of `--help`. A verb's file is loaded only when it is used: `--help` stays quick. */
export const verbs: Record<string, { summary: string; hidden?: true; load(): Promise<Verb> }> = {
  doctor: { summary: 'what can run on this machine', load: () => import('./doctor.ts') },
  lab: { summary: 'real clusters on this machine, to try things on', load: () => import('./lab.ts') },
  monitor: { summary: 'watch a cluster; violations become tickets', load: () => import('./monitor.ts') },
  tickets: { summary: 'see and steer tickets', load: () => import('./tickets.ts') },
  agent: { summary: 'work on tickets', load: () => import('./agent.ts') },
  audit: { summary: 'what agents thought and did', load: () => import('./audit.ts') },
  eval: { summary: 'break clusters on purpose and measure the repair', load: () => import('./eval.ts') },
  viewer: { summary: 'see tickets and sessions in a browser', load: () => import('./viewer.ts') },
  shell: { summary: "a program's own way to run audited commands", load: () => import('./shell.ts') },
  mcp: { summary: 'the same as an MCP server on stdio', load: () => import('./agent/mcp.ts') },
  demo: { summary: 'break a real cluster and watch it being repaired', load: () => import('./demo.ts') },
  witness: { summary: 'the oracle of a trial', hidden: true, load: () => import('./witness.ts') },
}
