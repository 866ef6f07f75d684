import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type { TrialRecord, TrialSpec } from '../../src/eval/record.ts'
import { keepTrial } from '../../src/eval/report/summaries.ts'
import type { Entry } from '../../src/store/audit/audit.ts'
import * as store from '../../src/store/eval/trials.ts'
import { repaired, spec } from './record.ts'

/** An eval.db of its own in a folder that goes with it. */
export interface EvalHome extends AsyncDisposable {
  path: string
  db: store.EvalDb
  /** Writes the file anew: every row elsewhere. */
  vacuum(): void
}

export function evalHome(): EvalHome {
  const folder = mkdtempSync(join(tmpdir(), 'eval-db-'))
  const path = join(folder, 'eval.db')
  const db = store.openEvalDb(path)
  return {
    path,
    db,
    vacuum: () => {
      const other = new DatabaseSync(path)
      other.exec('vacuum')
      other.close()
    },
    [Symbol.asyncDispose]: async () => {
      await db.destroy()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

export interface PastTrial {
  spec?: Partial<TrialSpec>
  record?: Partial<TrialRecord>
  transcript?: Entry[]
}

/** A campaign that has ended, each trial as an agent that repaired it left it but for what is said. Returns its id. */
export async function pastCampaign(
  db: store.EvalDb,
  trials: readonly PastTrial[],
  name = 'c',
): Promise<number> {
  const campaignId = await store.addCampaign(db, { name, spec: {}, seed: 1, startedAt: 1_000 })
  const specs = trials.map((trial) => ({ ...spec, ...trial.spec }))
  await store.addTrials(
    db,
    campaignId,
    specs.map((spec, slot) => ({ slot, spec })),
  )
  const rows = await store.listTrials<TrialSpec, TrialRecord>(db, { campaignId })
  for (const [i, { id, spec }] of rows.entries()) {
    const { record, transcript = [] } = trials[i] ?? {}
    await store.startTrial(db, id, 'me', 1_000_000 - 2_000)
    await store.keepTranscript(db, id, transcript)
    const measured = { ...structuredClone(repaired), ...record, spec }
    await keepTrial(db, id, { record: measured, interrupted: false }, 1_000_000 + 14_000)
  }
  await store.endCampaign(db, campaignId, 2_000_000)
  return campaignId
}
