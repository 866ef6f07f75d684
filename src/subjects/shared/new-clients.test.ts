import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Invariant } from '../../core/watch/invariant.ts'
import type { NewConnection } from './client/new-connection.ts'
import type { Reach } from './client/reach.ts'
import { newClientInvariants } from './new-clients.ts'

const dayMs = 86_400_000
const at = 1_000 * dayMs
interface Node {
  healthy: null
  reach: Reach
  isTls: boolean
  newClient: NewConnection | null
  error?: string
}
const all = newClientInvariants<{ at: number; nodes: Record<string, Node> }>({ down: 'gone', asked: 'GET /' })
const certificate = (more: object = {}): NewConnection => ({
  ...{ kind: 'open', status: 200 },
  certificate: { from: at - 300 * dayMs, until: at + 60 * dayMs, fault: null, ...more },
})
const closed = (certificate: NewConnection['certificate'] = null): NewConnection => ({
  ...{
    kind: 'closed',
    why: 'timeout',
    detail: 'no connection',
    certificate,
    mistaken: false,
    alerted: false,
  },
})
const node = (newClient: NewConnection | null, more: Partial<Node> = {}): Node => ({
  ...{ healthy: null, reach: 'answered', isTls: true, newClient, ...more },
})

/** new_clients_refused, certificate_bad, certificate_expires. */
const cases: [string, Node | undefined, string, string, string][] = [
  ['all is well', node(certificate()), 'ok', 'ok', 'ok'],
  [
    'plain HTTP',
    node({ kind: 'open', status: 200, certificate: null }, { isTls: false }),
    'ok',
    'not_applicable',
    'not_applicable',
  ],
  ['not tried yet', node(null), 'unknown', 'unknown', 'unknown'],
  ['a new connection gets no answer', node(closed()), 'violated', 'unknown', 'unknown'],
  ['the node is down', node(null, { reach: 'refused', error: 'refused' }), 'unknown', 'unknown', 'unknown'],
  ['no such node', undefined, 'unknown', 'unknown', 'unknown'],
  ['expired', node(closed({ from: 0, until: at - 1, fault: 'expired' })), 'violated', 'violated', 'unknown'],
  ['of another name', node(certificate({ fault: 'other_name' })), 'ok', 'violated', 'ok'],
  ['signed by we do not know whom', node(certificate({ fault: 'untrusted' })), 'ok', 'unknown', 'ok'],
  ['expires in 13 days', node(certificate({ until: at + 13 * dayMs })), 'ok', 'ok', 'violated'],
  ['expires in 15 days', node(certificate({ until: at + 15 * dayMs })), 'ok', 'ok', 'ok'],
  [
    'short-lived, half of its life is left',
    node(certificate({ from: at - dayMs, until: at + dayMs })),
    'ok',
    'ok',
    'ok',
  ],
  [
    'short-lived, a quarter is left',
    node(certificate({ from: at - 3 * dayMs, until: at + dayMs })),
    'ok',
    'ok',
    'violated',
  ],
]
for (const [what, seen, ...expected] of cases)
  test(`${what}: ${expected.join(', ')}`, () => {
    const verdicts = all.map(({ check }) => check({ at, nodes: seen ? { a: seen } : {} }, 'a').kind)
    assert.deepEqual(verdicts, expected)
  })

test('a node that is down explains all of them', () => {
  assert.ok(all.every(({ inhibitedBy }: Invariant<never>) => inhibitedBy?.includes('gone')))
})
