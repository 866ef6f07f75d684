import { defaultVariant } from '../../src/core/work/variant.ts'
import type { NewTicket } from '../../src/store/operator/tickets.ts'

/** A violation that is due a ticket. */
export const newTicket = (change: Partial<NewTicket> = {}): NewTicket => ({
  cluster: 'c1',
  subject: 'test',
  key: 'test/down/a',
  invariant: 'down',
  node: 'a',
  severity: 'warning',
  message: 'down at a',
  values: { seen: 1 },
  batch: 'b1',
  variant: defaultVariant,
  maxAttempts: 3,
  violatedAt: 0,
  ...change,
})
