import { documentOf, type Trial, timesOf } from '../eval/report/document.ts'
import { unclaimedIn } from '../eval/report/unclaimed.ts'
import { type Entry, goesOn } from '../store/audit/audit.ts'
import { humanMs, inert, table } from './text.ts'

/** One trial for a person: the damage, its outcome, the times, and the agent's work. */
export function trialPage(trial: Trial, transcript: readonly Entry[], full = false): string {
  const { fault, outcome, workload, session } = documentOf(trial)
  const { record } = trial
  const times = record ? timesOf(trial, record) : null
  const zero = times?.injected ?? times?.started ?? 0
  const why = outcome && 'reason' in outcome ? `: ${outcome.reason}` : ''
  const lines = [
    `t${trial.id}  ${fault.chaos_type} on ${fault.target}  ->  ${outcome?.kind ?? trial.state}${inert(why)}`,
    '',
    table(
      ['when', 'after the fault'],
      Object.entries(times ?? {})
        .filter((entry): entry is [string, number] => entry[1] !== null)
        .sort(([, a], [, b]) => a - b)
        .map(([name, at]) => [name, at < zero ? `- ${humanMs(zero - at)}` : humanMs(at - zero)]),
    ),
    '',
  ]
  if (workload)
    lines.push(
      `load: ${workload.ops} operations, ${workload.failed} failed, ${workload.lost_writes} acknowledged writes lost, ${humanMs(workload.unavailable_ms)} without a single success`,
    )
  if (record?.revertFailed)
    lines.push(`left broken until the cluster was taken down: ${inert(record.revertFailed)}`)
  if (session?.claim) lines.push(`claim: ${session.claim.status}: ${inert(session.claim.rootCause)}`)
  for (const why of unclaimedIn(record?.sessions ?? [])) lines.push(inert(why))
  if (transcript.length > 0) lines.push('', ...transcript.map((entry) => entryText(entry, zero, full)))
  return lines.join('\n')
}

/** An entry of the audit for people: time, kind and text, shortened unless the full text is requested. */
export function entryText(entry: Entry, zero: number, full = false): string {
  const after = `+${((entry.at - zero) / 1000).toFixed(1)}s`.padStart(8)
  const indent = ' '.repeat(11)
  const lines = inert(entry.body).trimEnd().split('\n')
  const shown =
    full || lines.length <= 12
      ? lines
      : [...lines.slice(0, 12), `... ${lines.length - 12} more lines (--full)`]
  const body = shown.join(`\n${indent}`)
  switch (entry.kind) {
    case 'reasoning':
      return `${after}   ${body}`
    case 'tool_call':
      return `${after}   ${inert(String(entry.meta.reasoning ?? ''))}\n${indent}$ ${body}`
    case 'tool_result': {
      const { exitCode, durationMs, timedOut, engineRequests } = entry.meta
      if (typeof engineRequests === 'number')
        return `${indent}${body}\n${indent}(asked of the container engine)`
      const how = `exit ${exitCode ?? 'by a signal'}, ${humanMs(Number(durationMs))}${timedOut ? ', timed out' : ''}`
      return `${indent}${body}\n${indent}(${how})`
    }
    case 'claim':
      return `${after}   claim: ${body}`
    case 'error':
      return `${after}   ${goesOn(entry) ? 'trouble' : 'ended'}: ${body}`
    default:
      return entry.kind satisfies never
  }
}
