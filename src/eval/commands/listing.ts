import type { EvalDb } from '../../store/eval/trials.ts'
import { transcript } from '../../store/eval/trials.ts'
import { callsIn } from '../report/calls.ts'
import { eachLine, type Selection } from '../report/summaries.ts'
import { type Classified, classify } from './classify.ts'
import type { CommandFigures } from './figures.ts'
import { type CommandCall, commandFigures } from './figures.ts'
import { thrashing } from './thrashing.ts'

/** A command that an agent ran, and how the rules classify it. */
export interface ListedCommand extends CommandCall {
  judged: Classified
  thrashes: boolean
}

export interface ListedTrial {
  trialId: number
  figures: CommandFigures
  commands: readonly ListedCommand[]
}

/** The commands of one trial, or of all trials of a campaign, oldest trial first. */
export async function* listCommands(db: EvalDb, which: Selection): AsyncGenerator<ListedTrial> {
  for await (const { id } of eachLine(db, which)) {
    const calls = callsIn(await transcript(db, id))
    const judged = calls.map((call) => ({ ...call, judged: classify(call.command) }))
    const lost = thrashing(judged)
    const commands = judged.map((call, index) => ({ ...call, thrashes: lost.has(index) }))
    yield { trialId: id, figures: commandFigures(calls), commands }
  }
}
