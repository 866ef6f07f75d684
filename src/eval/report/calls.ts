import type { Entry } from '../../store/audit/audit.ts'
import type { Call } from '../record.ts'

/** The commands of a transcript, in order, with how each ended. */
export function callsIn(transcript: readonly Entry[]): Call[] {
  const results = new Map<string, unknown>()
  // A call and what came of it are entries of one session with the same number.
  const keyOf = ({ sessionId, meta }: Entry) => `${sessionId} ${meta.call}`
  for (const entry of transcript)
    if (entry.kind === 'tool_result') results.set(keyOf(entry), entry.meta.exitCode)
  return transcript
    .filter((entry) => entry.kind === 'tool_call')
    .map((entry) => {
      const exitCode = results.get(keyOf(entry))
      return { at: entry.at, command: entry.body, exitCode: typeof exitCode === 'number' ? exitCode : null }
    })
}
