import { untilUnread } from '../tui/terminal.ts'
import { registerAnalyze } from './eval/analyze.ts'
import { registerCommands } from './eval/commands.ts'
import { registerCompare } from './eval/compare.ts'
import { registerExport } from './eval/export.ts'
import { registerJudge } from './eval/judge.ts'
import { registerList } from './eval/list.ts'
import { registerRescore } from './eval/rescore.ts'
import { registerRun } from './eval/run.ts'
import { registerShow } from './eval/show.ts'
import { registerViewer } from './eval/viewer.ts'
import type { Io, Verb } from './terminal/io.ts'

export const register: Verb['register'] = (program, terminal) => {
  const io: Io = { ...terminal, signal: untilUnread(terminal.signal) }
  const evaluation = program
    .command('eval')
    .enablePositionalOptions()
    .description('break clusters on purpose, let an agent repair them, and measure the result from outside')
    .addHelpText(
      'after',
      '\nExamples:\n  operator eval run --subject etcd --chaos node_kill\n  operator eval run --subject etcd --chaos pause --target leader --trials 5 --seed 7 --json\n  operator eval run --subject etcd --chaos node_kill --baseline\n  operator eval show t1\n  operator eval analyze c1\n  operator eval export c1 --format html --output c1.html',
    )

  registerRun(evaluation, io)
  registerList(evaluation, io)
  registerShow(evaluation, io)
  registerAnalyze(evaluation, io)
  registerCompare(evaluation, io)
  registerRescore(evaluation, io)
  registerCommands(evaluation, io)
  registerJudge(evaluation, io)
  registerExport(evaluation, io)
  registerViewer(evaluation, io)
}
