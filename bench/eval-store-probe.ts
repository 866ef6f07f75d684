/** `node bench/eval-store-probe.ts WHAT EVAL_DB`: does it once in a process of its own, and prints how long and how big. */

import { compare } from '../src/eval/compare/compare.ts'
import { analyze } from '../src/eval/report/analyze.ts'
import { summariesOf } from '../src/eval/report/summaries.ts'
import { outcomeCounts } from '../src/store/eval/summaries.ts'
import { type EvalDb, listCampaigns, openEvalDb } from '../src/store/eval/trials.ts'
import { timed } from './row.ts'

export interface Probed {
  ms: number
  /** Of the processor: what it would take on a machine that does nothing else, or less where work runs side by side. */
  cpuMs: number
  /** The most memory that the process ever had. */
  rssMiB: number
  trials: number
}

const [what = '', path = ''] = process.argv.slice(2)
const [verb, ...campaigns] = what.split(':')

async function work(db: EvalDb): Promise<number> {
  const sideOf = async (id: string | undefined) => {
    const rows = await summariesOf(db, { campaignId: Number(id) })
    return { name: `c${id}`, trials: rows.map(({ summary }) => summary) }
  }
  switch (verb) {
    case 'list': {
      const page = await listCampaigns(db, { limit: 20 })
      const counts = await outcomeCounts(
        db,
        page.map(({ id }) => id),
      )
      return [...counts.values()].flat().reduce((sum, { trials }) => sum + trials, 0)
    }
    case 'analyze':
      return analyze(await summariesOf(db, { campaignId: Number(campaigns[0]) })).trials
    case 'compare': {
      const [a, b] = [await sideOf(campaigns[0]), await sideOf(campaigns[1])]
      JSON.stringify(compare(a, b))
      return a.trials.length + b.trials.length
    }
    default:
      throw new Error(`cannot measure '${what}'`)
  }
}

const db = openEvalDb(path)
const before = process.cpuUsage()
const { result: trials, ms } = await timed(() => work(db))
const { user, system } = process.cpuUsage(before)
const probed: Probed = {
  ms,
  cpuMs: (user + system) / 1_000,
  rssMiB: process.resourceUsage().maxRSS / 1024,
  trials,
}
process.stdout.write(JSON.stringify(probed))
