import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { ChaosType } from '../../src/chaos/chaos-type.ts'
import { chaosTypes } from '../../src/chaos/faults.ts'
import { isHealthy } from '../../src/eval/judge/oracle.ts'
import { netns } from '../../src/lab/netns/netns.ts'
import { home } from '../standins/eval-runs.ts'
import { type Cell, type Played, play } from '../standins/matrix.ts'
import { isPlayed } from '../standins/sample.ts'

const abilities = await netns.abilities()
const able = (chaos: string) => chaosTypes[chaos]?.needs.every((need) => abilities[need].can) ?? true
/** Two cores carry four (docs/bench.md), and another file of tests runs beside it. */
const atATime = 2

/** What one wants to know of a cell that came out otherwise; times in ms after the injection. */
function story({ outcome, record, transcript }: Played): string {
  const after = (at: number | null) => (at === null ? null : at - (record?.injectedAt ?? 0))
  return JSON.stringify({
    outcome,
    phases: Object.entries(record?.phases ?? {}).map(([name, { startedAt }]) => [name, after(startedAt)]),
    tickets: record?.tickets.map(({ key, state, openedAt, resolvedAt }) => [
      key,
      state,
      after(openedAt),
      after(resolvedAt),
    ]),
    unwell: record?.probes
      .filter((probe) => !isHealthy(probe))
      .map(({ at, violated }) => [after(at), violated])
      .slice(-9),
    load: record?.samples.map(({ at, ops, failed }) => [after(at), ops, failed]).slice(-9),
    nodes: record?.nodeStates,
    fault: { seen: after(record?.faultSeenAt ?? null), gone: after(record?.faultGoneAt ?? null) },
    data: [record?.dataOnDisk, record?.canaries],
    audit: transcript.map(({ at, kind, body }) => [after(at), kind, body.slice(-600)]),
  })
}

/** Each cell a trial of its own, of those that are played in this run. `more`: chaos types that only these cells have. */
export function oracleMatrix(
  title: string,
  cells: readonly Cell[],
  more: Record<string, ChaosType> = {},
): void {
  describe(title, { concurrency: atATime }, () => {
    for (const cell of cells.filter(isPlayed))
      test(`${cell.chaos}: ${cell.who}`, {
        skip: able(cell.chaos) ? false : 'not on this machine',
      }, async (t) => {
        using place = home()
        const { outcome, record, transcript } = await play(cell, {
          dbPath: place.evalDb,
          signal: t.signal,
          more,
        })
        assert.ok(outcome && cell.expect.includes(outcome.kind), story({ outcome, record, transcript }))
        t.diagnostic(JSON.stringify(outcome))
        cell.check?.({ outcome, record, transcript })
      })
  })
}

/** Nobody may be left out: each type that a subject can suffer, and the right fix or why there is none. */
export function allTypesIn(
  kinds: Record<string, { fix?: string }>,
  subject: string,
  cells: readonly Cell[],
): void {
  const fitting = Object.values(chaosTypes).filter(({ subjects }) => subjects?.includes(subject) ?? true)
  assert.deepEqual(Object.keys(kinds).toSorted(), fitting.map(({ name }) => name).toSorted())
  // Who does more than that has repaired it, too.
  const repairs = ({ chaos, script = '' }: Cell) => kinds[chaos]?.fix && script.startsWith(kinds[chaos].fix)
  for (const cell of cells) if (!repairs(cell)) assert.ok(!cell.expect.includes('resolved'), cell.who)
}
