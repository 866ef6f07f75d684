import type { TrialEvent } from '../eval/trial/options.ts'
import { humanMs, inert } from './text.ts'

/** Running trials as short lines, for `eval run` on standard error. */
export function progress(note: (line: string) => void): (trialId: number, event: TrialEvent) => void {
  const startedAt = new Map<number, number>()
  return (trialId, event) => {
    const say = (text: string) => note(`t${trialId}  ${inert(text)}`)
    const since = (at: number) => humanMs(at - (startedAt.get(trialId) ?? at))
    switch (event.kind) {
      case 'phase':
        if (!startedAt.has(trialId)) startedAt.set(trialId, event.at)
        return
      case 'healthy':
        return say(`healthy after ${since(event.at)}`)
      case 'fault':
        return say(`${event.fault.chaosType} on ${event.fault.target}`)
      case 'impact':
        return
      case 'ticket':
        return say(`ticket #${event.ticket.id} ${event.ticket.state}: ${event.ticket.key}`)
      case 'entry':
        if (event.entry.kind === 'tool_call') say(`$ ${event.entry.body.split('\n')[0]}`)
        return
      case 'ended': {
        const { outcome } = event
        const why = outcome.kind === 'invalid' ? ` in ${outcome.phase}: ${outcome.reason}` : ''
        return say(`${outcome.kind}${why}`)
      }
      default:
        return event satisfies never
    }
  }
}
