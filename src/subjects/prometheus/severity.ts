import type { Severity } from '../../core/watch/invariant.ts'
import type { Labels } from './observation.ts'

const severityWords: [Severity, RegExp][] = [
  ['critical', /^(critical|crit|page|error|fatal|emergency|disaster|high|major|p[01]|sev-?[01])$/i],
  ['info', /^(info|information|informational|none|notice|low|debug|p[45]|sev-?[45])$/i],
]

/** By the label `severity` (or `priority`), in the words that people use; what is none of them is a warning. */
export function severityOf({ severity, priority }: Labels): Severity {
  const word = severity ?? priority ?? ''
  return severityWords.find(([, pattern]) => pattern.test(word))?.[0] ?? 'warning'
}
