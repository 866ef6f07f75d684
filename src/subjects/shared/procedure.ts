import type { CommandResult, Work } from '../../core/work/agent.ts'
import type { Claim } from '../../core/work/claim.ts'
import { type Finding, type Service, servicesIn } from './services.ts'

/** Collects what was checked and what the result was, so that a claim names exactly that. */
export type Seen = string[]

export interface Procedure {
  /** Which of the host's services are nodes of the subject. */
  isNode(name: string): boolean
  /** Adds to `seen` what it checked and found in order, or could not read. */
  diagnose(work: Work, services: Service[], seen: Seen): Promise<Finding | null>
  healthy(work: Work, services: Service[]): Promise<boolean>
}

/** Limit of rounds. A further round finds what the last repair uncovered: a member that ends again logs the reason only then. */
const rounds = 3

/** Diagnoses, applies the remedy once, and diagnoses again. No command is run twice. */
export async function follow(work: Work, { isNode, diagnose, healthy }: Procedure): Promise<Claim> {
  const [actions, causes]: [string[], string[]] = [[], []]
  let component: string | undefined
  for (let round = 1; round <= rounds; round++) {
    const seen: Seen = []
    const status = await work.shell('svc status', 'Which services run, and which do not?')
    const services = servicesIn(status.stdout).filter(({ name }) => isNode(name))
    if (services.length === 0)
      return notFixed(`svc status named no service${complaint(status)}; nothing else was checked`, actions)
    seen.push(statesOf(services))
    const finding = await diagnose(work, services, seen)
    if (!finding) {
      const none = `no fault was found in what was checked (${seen.join('; ')})`
      await work.note(none)
      const cause = [...causes, causes.length > 0 ? none : `${none}; open: ${ticketsOf(work)}`].join(
        '; then: ',
      )
      return notFixed(cause, actions, component)
    }
    const { what, remedy, after } = finding
    component = finding.component
    await work.note(`${component}: ${what}`)
    if (!causes.includes(what)) causes.push(what)
    const cause = causes.join('; then: ')
    if (remedy.length === 0) return notFixed(cause, actions, component)
    if (remedy.every(({ command }) => actions.includes(command)))
      return notFixed(`${cause}; it came back after one repair`, actions, component)
    for (const { command, why } of remedy) {
      const result = await work.shell(command, why)
      actions.push(command)
      if (result.exitCode !== 0)
        return notFixed(`${cause}; "${command}" failed${complaint(result)}`, actions, component)
    }
    if (await healthy(work, services)) {
      const more = await after?.()
      return { status: 'fixed', rootCause: more ? `${cause}; ${more}` : cause, component, actions }
    }
  }
  const cause = `${causes.join('; then: ')}; repaired it, but not every node became healthy`
  return notFixed(cause, actions, component)
}

/** `all 3 services run`, or which ones do not. */
function statesOf(services: readonly Service[]): string {
  const odd = services.filter(({ state }) => state !== 'running')
  return odd.length === 0
    ? `all ${services.length} services run`
    : odd.map(({ name, state }) => `${name} is ${state}`).join(', ')
}

const ticketsOf = ({ tickets }: Work): string =>
  tickets.map(({ invariant, message }) => `${invariant} ("${message}")`).join(', ')

const notFixed = (rootCause: string, actions: string[], component?: string): Claim => ({
  status: 'not_fixed',
  rootCause,
  actions,
  ...(component !== undefined && { component }),
})

/** The last line that a command printed, or how it ended. */
export function complaint({ stdout, stderr, exitCode, timedOut }: CommandResult): string {
  const line = (stderr.trim() || stdout.trim()).split('\n').at(-1) ?? ''
  if (timedOut) return `: did not end within its time limit${line && ` (${line})`}`
  return line === '' ? (exitCode === 0 ? '' : `: exit code ${exitCode}`) : `: ${line}`
}
