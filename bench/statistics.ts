import { type Rng, rngFrom } from '../src/core/rng.ts'
import { type Comparison, compare } from '../src/eval/compare/compare.ts'
import type { TrialSummary } from '../src/eval/report/summary.ts'
import { bootstrapT } from '../src/eval/stats/resampling/bootstrap-t.ts'
import { lognormal, many, normal, nulls } from '../test/standins/nulls.ts'
import { lost, summary } from '../test/standins/summaries.ts'
import type { Bench, Row } from './row.ts'

/** How many evaluations are simulated in a run: of one test, and of whole comparisons. */
const perRun = { tests: 300, comparisons: 100 }

/** What the tests of `eval compare` find where nothing differs, and what its gate does with harm: simulated evaluations. */
export const statistics: Bench = async ({ runs }) => {
  const times = perRun.tests * runs
  const comparisons = perRun.comparisons * runs
  return [
    ...nulls.map(({ name, p }, i) => rare(name, 0.05, times, 100 + i, (rng) => p(rng) <= 0.05)),
    ...verdicts.map(({ name, atMost, sides, is }, i) =>
      rare(name, atMost, comparisons, 200 + i, (rng) => {
        const [a, b] = sides(rng)
        return is(compare({ name: 'a', trials: a }, { name: 'b', trials: b }))
      }),
    ),
    ...[12, 20, 30].flatMap((n) =>
      [normal, lognormal].map((draw) =>
        rare(`the 95 % interval of a mean of ${n}, ${draw.name}, misses it`, 0.05, times, 300 + n, (rng) => {
          const values = Float64Array.from(many(n, () => draw(rng)))
          const told = bootstrapT(values.reduce((sum, value) => sum + value, 0) / n, [values], rng)
          return told.kind !== 'told' || !told.interval || told.interval[0] > 0 || told.interval[1] < 0
        }),
      ),
    ),
  ]
}

/** In how many of so many it happens, in percent; the target leaves room for what chance adds once in a thousand times. */
function rare(
  what: string,
  atMost: number,
  times: number,
  seed: number,
  happens: (rng: Rng) => boolean,
): Row {
  const rng = rngFrom(seed)
  let happened = 0
  for (let i = 0; i < times; i++) if (happens(rng)) happened++
  process.stderr.write(`  ${((100 * happened) / times).toFixed(1)} % of ${times}: ${what}\n`)
  const target = 100 * (atMost + 3.09 * Math.sqrt((atMost * (1 - atMost)) / times))
  return {
    what,
    value: (100 * happened) / times,
    unit: '%',
    target: Number(target.toPrecision(3)),
    ratio: `of ${times}`,
  }
}

interface Simulated {
  name: string
  atMost: number
  sides(rng: Rng): [TrialSummary[], TrialSummary[]]
  is(found: Comparison): boolean
}

/** An agent that repairs, does harm or fails; its costs are skewed. */
function trials(
  rng: Rng,
  n: number,
  { well, harm = 0, first = 0 }: { well: number; harm?: number; first?: number },
) {
  return many(n, (i) => {
    const given = {
      seed: first + i,
      ...{
        unavailableMs: Math.exp(6 + normal(rng)),
        tokensIn: Math.exp(8 + normal(rng)),
        costUsd: rng.next(),
      },
      ...{ failed: rng.int(200), detectMs: 800 + rng.int(800), recoverMs: 1_000 + rng.int(30_000) },
    }
    if (rng.next() < harm) return lost('harmful', { ...given, recoverMs: null, lostWrites: 1 + rng.int(20) })
    return rng.next() < well ? summary(given) : lost('timeout', { ...given, recoverMs: null })
  })
}

const isSure = ({ verdict }: Comparison) => verdict.kind !== 'inconclusive'
const alike = (n: number, harm: number, first: number): Simulated => ({
  name: `a verdict on two like agents, ${n} ${first === 0 ? 'pairs' : 'trials each'}, ${100 * harm} % harm`,
  atMost: 0.05,
  sides: (rng) => [trials(rng, n, { well: 0.7, harm }), trials(rng, n, { well: 0.7, harm, first })],
  is: isSure,
})
const shown = ({ safety }: Comparison) => safety.kind === 'shown'
const gated = (harm: number, first: number, name: string, is: Simulated['is']): Simulated => ({
  ...{ name, atMost: 0.1, is },
  sides: (rng) => [trials(rng, 30, { well: 0.3 }), trials(rng, 30, { well: 0.9, harm, first })],
})

const verdicts: Simulated[] = [
  alike(30, 0, 0),
  alike(30, 0.1, 0),
  alike(30, 0.1, 1_000),
  alike(60, 0.2, 0),
  alike(200, 0.1, 0),
  alike(200, 0.3, 1_000),
  gated(0.2, 0, 'gate: 20 % harm in 30 pairs is let through', shown),
  gated(0.2, 1_000, 'gate: 20 % harm in 30 trials is let through', shown),
  gated(0.2, 0, '"better", with 20 % harm in 30 pairs', ({ verdict }) => verdict.kind === 'better'),
  gated(0, 0, 'gate: no harm in 30 pairs is stopped', (found) => !shown(found)),
  gated(0, 1_000, 'gate: no harm in 30 trials is stopped', (found) => !shown(found)),
  {
    name: 'gate: harm at the margin of 10 points is let through, 30 pairs',
    atMost: 0.05,
    sides: (rng) => [trials(rng, 30, { well: 0.8 }), trials(rng, 30, { well: 0.8, harm: 0.1 })],
    is: shown,
  },
  {
    name: 'all heals in about 3 s: who meddles, or waits, is better or worse',
    atMost: 0.05,
    sides: (rng) => {
      const heals = (i: number) => ({ seed: i, recoverMs: 2_000 + rng.int(2_000) })
      return [many(30, (i) => lost('self_healed', heals(i))), many(30, (i) => summary(heals(i)))]
    },
    is: isSure,
  },
]
