import type { WorkloadSample } from '../../core/watch/subject.ts'
import type { Probe } from '../record.ts'

/** Failed share of operations that counts as the warm-up level when there were (nearly) no failures then. */
const errorTolerance = 0.01

/** Probes come every quarter of a second. After a longer gap, nothing is known of the time in between. */
const longestBlinkMs = 5_000

export interface History {
  probes: readonly Probe[]
  samples: readonly WorkloadSample[]
  injectedAt: number
}

/** A look at which every node serves and nothing critical is violated: topology and data are part of that. */
export function isHealthy(probe: Probe): boolean {
  const nodes = Object.values(probe.healthy)
  return probe.violated.length === 0 && nodes.length > 0 && nodes.every((healthy) => healthy === true)
}

/**
 * Since when everything has been well without a break, up to the newest look; null while it is not. The injection
 * itself is a break, since a probe that had not yet seen the damage proves nothing. So is a gap between probes.
 */
export function wellSince({ probes, samples, injectedAt }: History): number | null {
  const tolerated = warmUpErrorRate(samples, injectedAt) + errorTolerance
  const isBad = (sample: WorkloadSample) => sample.ops === 0 || sample.failed / sample.ops > tolerated
  const lastBadSample = samples.findLast((sample) => sample.at > injectedAt && isBad(sample))
  const lastBadProbe = probes.findLast((probe, i) => !isHealthy(probe) || isBeforeBlink(probe, probes[i + 1]))
  const brokenUntil = Math.max(injectedAt, lastBadSample?.at ?? 0, lastBadProbe?.at ?? 0)
  const firstGood = probes.find((probe) => probe.at > brokenUntil)
  // A probe that began before everything was healthy may have been answered after.
  return firstGood?.until ?? firstGood?.at ?? null
}

const isBeforeBlink = (probe: Probe, next: Probe | undefined): boolean =>
  next !== undefined && next.at - probe.at > longestBlinkMs

/** When the cluster had recovered for good: it has been well since then, for at least the settle window. */
export function recoveredAt(history: History, settleMs: number): number | null {
  const since = wellSince(history)
  const until = history.probes.at(-1)?.at ?? 0
  return since !== null && until - since >= settleMs ? since : null
}

/** The first sign of damage from outside: a failed look or a bad second of load. */
export function impactAt({ probes, samples, injectedAt }: History): number | null {
  const tolerated = warmUpErrorRate(samples, injectedAt) + errorTolerance
  const probe = probes.find((p) => p.at >= injectedAt && !isHealthy(p))?.at
  const sample = samples.find((s) => s.at > injectedAt && s.failed > s.ops * tolerated)?.at
  const signs = [probe, sample].filter((at) => at !== undefined)
  return signs.length > 0 ? Math.min(...signs) : null
}

/** Time with no successful operation at all, ms, to the sample's resolution. */
export function unavailableMs({ samples, injectedAt }: History): number {
  let total = 0
  for (const [index, sample] of samples.entries()) {
    const previous = samples[index - 1]?.at ?? sample.at - 1_000
    if (sample.at > injectedAt && sample.ops - sample.failed <= 0)
      total += sample.at - Math.max(previous, injectedAt)
  }
  return total
}

function warmUpErrorRate(samples: readonly WorkloadSample[], injectedAt: number): number {
  const before = samples.filter((sample) => sample.at <= injectedAt)
  const ops = before.reduce((sum, sample) => sum + sample.ops, 0)
  const failed = before.reduce((sum, sample) => sum + sample.failed, 0)
  return ops === 0 ? 0 : failed / ops
}
