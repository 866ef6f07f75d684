import type { Claim } from '../../core/work/claim.ts'
import type { Outcome } from '../../core/work/outcome.ts'
import { isHealthy } from '../../eval/judge/oracle.ts'
import type { TrialRecord } from '../../eval/record.ts'
import type { Trial } from '../../eval/report/document.ts'
import { unclaimedIn } from '../../eval/report/unclaimed.ts'
import type { Session } from '../../store/operator/sessions.ts'
import { offset, seconds } from '../parts/format.ts'

/** Reason of a trial's outcome in sentences. Pure. Quotes of agents and clusters are their own words. */
export function storyOf({ outcome, record }: Trial): string[] {
  if (!outcome || !record) return []
  const since = (at: number | null) =>
    at === null || record.injectedAt === null ? '' : offset(at - record.injectedAt)
  const claim = lastClaim(record.sessions)
  const said = claim ? `At ${since(claim.at)} ${claim.by} said ${wordsOf(claim.claim)}` : ''
  const told = sentences(outcome, { record, said, since })
  return [...told, ...unclaimedIn(record.sessions).map(sentence)]
    .filter((sentence) => sentence !== '')
    .map((words) => words.charAt(0).toUpperCase() + words.slice(1))
}

interface Told {
  record: TrialRecord
  /** The last claim, as a sentence; empty: there was none. */
  said: string
  since(at: number | null): string
}

function sentences(outcome: Outcome, { record, said, since }: Told): string[] {
  const { spec } = record
  const wrong = wrongAtTheEnd(record)
  switch (outcome.kind) {
    case 'resolved':
      return [
        said,
        `All was well for good from ${offset(outcome.recoverMs)} on; the last ticket was closed at ${offset(outcome.resolveMs)}.`,
      ]
    case 'self_healed': {
      const noticed = outcome.detectMs === null ? 'No ticket ever opened.' : said
      return [`All was well for good from ${offset(outcome.recoverMs)} on, by nobody\u2019s doing.`, noticed]
    }
    case 'false_claim':
      return [said, wrong]
    case 'unresolved':
      return [unresolved(outcome.reason, record, since), outcome.reason === 'timeout' ? '' : said, wrong]
    case 'harmful':
      return [`${sentence(outcome.damage.join(', '))}`, said, wrong]
    case 'unaffected':
      return spec.faults.every(({ chaosType }) => chaosType === 'none') ? [] : ['The damage was never felt.']
    case 'false_alarm':
      return [sentence(record.tickets.map(({ key, message }) => `${key}: ${message}`).join('; '))]
    case 'invalid':
      return [`In phase ${outcome.phase}: ${sentence(outcome.reason)}`]
    default:
      return outcome satisfies never
  }
}

type Reason = Extract<Outcome, { kind: 'unresolved' }>['reason']

function unresolved(
  reason: Reason,
  { spec, sessions, tickets, timedOut }: TrialRecord,
  since: Told['since'],
): string {
  const limit = `the ${seconds(spec.timeoutMs)} that a trial may take were over`
  switch (reason) {
    case 'undetected':
      return 'No ticket ever opened: the monitor did not see it.'
    case 'gave_up':
      return sessions.length === 0 ? 'Nobody worked on it.' : 'The agent gave up.'
    case 'limit':
      return 'A session was cut short.'
    case 'timeout': {
      const opened = tickets[0] ? `A ticket opened at ${since(tickets[0].openedAt)}` : 'No ticket opened'
      const who = spec.baseline
        ? 'nobody works in a baseline'
        : sessions.length > 0
          ? 'its agent was not done'
          : 'no agent took it'
      return `${opened}; ${who}${timedOut ? `, and ${limit}` : ''}.`
    }
    default:
      return reason satisfies never
  }
}

/** The last claim of `fixed`, or else the last claim: a later session finds nothing to do after a repair. */
export function lastClaim(
  sessions: readonly Session[],
): { claim: Claim; at: number | null; by: string } | null {
  const claims = sessions.flatMap(({ claim, endedAt, reason, model, agent }) =>
    // Leaves out a claim that Operator wrote because the agent made none.
    claim && !claim.unclaimed && reason === null ? [{ claim, at: endedAt, by: model ?? agent }] : [],
  )
  return claims.findLast(({ claim }) => claim.status === 'fixed') ?? claims.at(-1) ?? null
}

const longest = 300

function wordsOf({ status, rootCause }: Claim): string {
  const cause = rootCause.length > longest ? `${rootCause.slice(0, longest)}\u2026` : rootCause
  return `${status === 'fixed' ? 'fixed' : 'not fixed'}: ${sentence(cause)}`
}

const sentence = (text: string): string =>
  /[.!?\u2026]$/.test(text.trim()) ? text.trim() : `${text.trim()}.`

/** Findings of the oracle's last observation. */
function wrongAtTheEnd({ probes, nodeStates = {}, samples, workload, spec }: TrialRecord): string {
  const last = probes.at(-1)
  if (!last) return ''
  const isNot = (is: (healthy: boolean | null) => boolean) =>
    Object.entries(last.healthy).flatMap(([node, healthy]) => (is(healthy) ? [node] : []))
  const states = Object.entries(nodeStates).filter(([, state]) => state !== 'running')
  const load = samples.at(-1)
  const found = [
    ...isNot((healthy) => healthy === false).map((node) => `${node} was not well`),
    ...isNot((healthy) => healthy === null).map((node) => `nothing was known of ${node}`),
    ...states.map(([node, state]) => `the process of ${node} was ${state}`),
    ...(last.violated.length > 0 ? [`violated: ${last.violated.join(', ')}`] : []),
    ...(load && load.failed > 0 ? [`${load.failed} of the last ${load.ops} operations failed`] : []),
    ...(workload && workload.lostWrites.length > 0 ? [`${workload.lostWrites.length} writes were lost`] : []),
  ]
  if (found.length > 0) return `At the end ${found.join('; ')}.`
  return isHealthy(last)
    ? `At the end all was well, but not for the ${seconds(spec.settleMs)} that it has to last.`
    : ''
}
