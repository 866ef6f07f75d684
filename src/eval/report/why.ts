import type { Outcome } from '../../core/work/outcome.ts'

/** The details of an outcome as text; empty when it has only its kind. */
export function whyOf(outcome: Outcome): string {
  switch (outcome.kind) {
    case 'resolved':
    case 'self_healed':
    case 'false_claim':
    case 'unaffected':
      return ''
    case 'unresolved':
      return outcome.reason
    case 'harmful':
      return outcome.damage.join(', ')
    case 'false_alarm':
      return `${outcome.tickets} tickets`
    case 'invalid':
      return `${outcome.phase}: ${outcome.reason}`
    default:
      return outcome satisfies never
  }
}
