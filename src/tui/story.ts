import pc from 'picocolors'
import type { Ticket } from '../core/work/ticket.ts'
import type { TrialEvent } from '../eval/trial/options.ts'
import { type Entry, goesOn } from '../store/audit/audit.ts'
import { humanMs, inert } from './text.ts'

export interface StoryOptions {
  print(line: string): void
  now(): number
  color: boolean
  /** The repairer: `runbook`, or the model's name. */
  agent: string
  settleMs: number
}

const outputLines = 8
const outputColumns = 110

const short = (line: string): string =>
  line.length <= outputColumns ? line : `${line.slice(0, outputColumns - 3)}...`

/** A running trial told as a story on the terminal: the events, their times and their meaning. */
export function story(options: StoryOptions): (event: TrialEvent) => void {
  const { print, agent } = options
  const color = pc.createColors(options.color)
  const startedAt = options.now()
  const tell = (at: number, text: string) => {
    const [first = '', ...more] = text.split('\n')
    print(`${color.dim(`${((at - startedAt) / 1000).toFixed(1)}s`.padStart(7))}  ${first}`)
    for (const line of more) print(`         ${line}`)
  }
  const aside = (text: string) => {
    for (const line of text.split('\n')) print(`         ${line}`)
  }
  const ticketLine = (ticket: Ticket) => {
    const name = `Ticket #${ticket.id}`
    switch (ticket.state) {
      case 'open':
        return ticket.attempts === 0
          ? `${color.red(color.bold(name))} opened by the monitor: ${ticket.key} (${ticket.severity})\n${inert(ticket.message)}`
          : `${name} is open again: ${ticket.claim?.status === 'fixed' ? 'the monitor could not confirm the claim' : 'the agent could not fix it'} (attempt ${ticket.attempts} of ${ticket.maxAttempts}).`
      case 'claimed':
        return `${name} is claimed by the agent (${agent}).`
      case 'verifying':
        return `${name} waits for the monitor: it has to see the system healthy itself.`
      case 'resolved':
        return `${color.green(color.bold(name))} resolved: the monitor sees it healthy (${ticket.resolvedBy === 'agent' ? "the agent's claim holds" : `by ${ticket.resolvedBy}`}).`
      case 'escalated':
        return `${color.red(name)} is escalated: a person has to look at it.`
      default:
        return ticket.state satisfies never
    }
  }
  const entryLines = (entry: Entry) => {
    const body = inert(entry.body).trimEnd()
    switch (entry.kind) {
      case 'reasoning':
        return tell(entry.at, color.italic(body))
      case 'tool_call':
        tell(entry.at, color.italic(inert(String(entry.meta.reasoning ?? ''))))
        return aside(`${color.cyan('$')} ${color.bold(body)}`)
      case 'tool_result': {
        const lines = body.split('\n')
        const left = lines.length - outputLines
        return aside(
          color.dim(
            [...lines.slice(0, outputLines).map(short), ...(left > 0 ? [`... ${left} more lines`] : [])].join(
              '\n',
            ),
          ),
        )
      }
      case 'claim': {
        const claim = JSON.parse(entry.body)
        return tell(entry.at, `The agent claims ${color.bold(claim.status)}: ${inert(claim.rootCause)}`)
      }
      case 'error':
        return tell(
          entry.at,
          goesOn(entry) ? `Trouble with the model: ${body}` : `The session ended: ${body}`,
        )
      default:
        return entry.kind satisfies never
    }
  }

  return (event) => {
    switch (event.kind) {
      case 'phase':
        return phaseLine(event, tell, options)
      case 'healthy': {
        const nodes = event.cluster.nodes.map(({ name, address }) => `${name} (${address})`)
        return tell(event.at, `Healthy: ${nodes.join(', ')}.`)
      }
      case 'fault':
        return tell(
          event.at,
          `${color.red(color.bold('Fault'))}: ${event.fault.chaosType} on ${color.bold(event.fault.target)}.`,
        )
      case 'impact':
        return tell(event.at, 'The clients feel it: operations fail.')
      case 'ticket':
        return tell(movedAt(event.ticket) ?? options.now(), ticketLine(event.ticket))
      case 'entry':
        return entryLines(event.entry)
      case 'ended':
        return
      default:
        return event satisfies never
    }
  }
}

/** Time at which a ticket entered its state; null where the state does not tell. */
function movedAt({ state, attempts, openedAt, claimedAt, resolvedAt }: Ticket): number | null {
  if (state === 'open' && attempts === 0) return openedAt
  if (state === 'claimed') return claimedAt
  return resolvedAt
}

function phaseLine(
  { phase, at }: { phase: string; at: number },
  tell: (at: number, text: string) => void,
  options: StoryOptions,
): void {
  const lines: Record<string, string> = {
    up: 'Starting a real cluster: every node a process with a network and a disk of its own.',
    warm: `Clients write and read on every node. The monitor looks every second; the agent (${options.agent}) waits for tickets.`,
    settle: `Recovery has to last: watching from outside for ${humanMs(options.settleMs)} without a break.`,
    capture: 'Reading back everything the clients were promised, and taking the transcript.',
    down: 'Everything is taken down again.',
  }
  const line = lines[phase]
  if (line) tell(at, line)
}
