import { systemClock } from '../../src/core/clock.ts'
import type { AgentKind } from '../../src/core/work/agent.ts'
import type { Claim } from '../../src/core/work/claim.ts'
import { defaultLimits, type Limits } from '../../src/core/work/limits.ts'
import { defaultVariant } from '../../src/core/work/variant.ts'
import type { Sandbox } from '../../src/sandbox/sandbox.ts'
import { type OperatorDb, openOperatorDb } from '../../src/store/operator/open.ts'
import { openTicket } from '../../src/store/operator/tickets.ts'

export const fixedIt: Claim = { status: 'fixed', rootCause: 'it was stopped', actions: ['started it'] }

/** Echoes every command. */
export const echo: Sandbox = {
  describe: 'an echo',
  exec: async (command, { signal }) => {
    signal.throwIfAborted()
    return { stdout: command, stderr: '', exitCode: 0, timedOut: false, durationMs: 1, truncatedBytes: 0 }
  },
}

/** Works until it is stopped. */
export const endless: AgentKind = ({ signal }) =>
  new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true })
  })

/** A database in memory with one open ticket per node, and what every session needs. */
export async function desk(nodes: readonly string[] = ['etcd-2'], limits: Partial<Limits> = {}) {
  const db: OperatorDb = openOperatorDb(':memory:')
  for (const node of nodes) await addTicket(db, 'c1', node)
  const common = {
    db,
    sandbox: echo,
    briefing: 'Three members.',
    limits: { ...defaultLimits, ...limits },
    verifyMs: 10_000,
    redact: (text: string) => text.replaceAll('hunter2', '[redacted]'),
    summarize: async (text: string) => ({ text: text.slice(0, 20), by: 'test' }),
    clock: systemClock,
  }
  return { db, common, [Symbol.asyncDispose]: () => db.destroy() }
}

export const addTicket = (db: OperatorDb, cluster: string, node: string, message = `${node} is down`) =>
  openTicket(
    db,
    {
      cluster,
      subject: 'etcd',
      key: `etcd/member_down/${node}`,
      invariant: 'member_down',
      node,
      severity: 'critical',
      message,
      values: { said: message },
      batch: 'b1',
      variant: defaultVariant,
      maxAttempts: 3,
      violatedAt: systemClock.now(),
    },
    systemClock.now(),
  )
