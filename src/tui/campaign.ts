import { phases } from '../core/work/outcome.ts'
import type { Progress } from '../eval/campaign/run.ts'
import type { Pace } from '../store/eval/pace.ts'
import { humanMs } from './text.ts'

/** A running campaign in one line: progress, outcomes so far, and the time left. */
export function campaignLine({ campaignId, done, total, outcomes, leftMs, stopped }: Progress): string {
  const counts = Object.entries(outcomes).map(([kind, n]) => `${n} ${kind}`)
  const left = leftMs !== null && done < total ? [`about ${humanMs(leftMs)} left`] : []
  return [
    `c${campaignId}  ${done}/${total}`,
    ...(counts.length > 0 ? [counts.join(', ')] : []),
    ...(stopped !== null && done < total ? [`stopped: ${stopped}`] : left),
  ].join('   ')
}

/** The speed of a campaign: trials an hour, and the share of each phase in the time of a trial. */
export function paceLine({ trials, spanMs, phases: spent }: Pace): string {
  const total = Object.values(spent).reduce((sum, ms) => sum + ms, 0)
  if (trials === 0 || spanMs === 0 || total === 0) return 'no trial ended'
  const perHour = Math.round((trials * 3_600_000) / spanMs)
  const shares = phases.map((phase) => `${phase} ${Math.round((100 * (spent[phase] ?? 0)) / total)} %`)
  const each = humanMs(total / trials)
  return `${trials} trials in ${humanMs(spanMs)}, ${perHour} an hour; ${each} each: ${shares.join(', ')}`
}
