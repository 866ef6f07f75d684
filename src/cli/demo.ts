import { chaosTypes } from '../chaos/faults.ts'
import { isRecovered } from '../core/work/outcome.ts'
import { run } from '../eval/campaign/run.ts'
import type { TrialRecord, TrialSpec } from '../eval/record.ts'
import { documentOf, type Trial } from '../eval/report/document.ts'
import { labs } from '../lab/labs.ts'
import * as store from '../store/eval/trials.ts'
import { labSubjects } from '../subjects/subjects.ts'
import { story } from '../tui/story.ts'
import { untilUnread } from '../tui/terminal.ts'
import { humanMs, table } from '../tui/text.ts'
import { chooseTrialModel, planOf, trialDefaults } from './eval/plan.ts'
import { machinery } from './eval/run.ts'
import { addAgentOptions } from './options/agent.ts'
import { evalDbOption, integer, oneOf } from './options/common.ts'
import type { Io, Verb } from './terminal/io.ts'

export const register: Verb['register'] = (program, terminal) => {
  const io: Io = { ...terminal, signal: untilUnread(terminal.signal) }
  addAgentOptions(program.command('demo'))
    .description('break a real cluster and watch the repair')
    .argument('[subject]', `the system: ${labSubjects().join(', ')}`, 'etcd')
    .option('--chaos <type>', 'chaos type to inject', oneOf(Object.keys(chaosTypes)), 'node_kill')
    .option('--target <node>', 'node to break: random, leader, follower, or a name', 'random')
    .option(
      '--seed <n>',
      'seed of the random choices; the same seed breaks the same node',
      integer(0, 2 ** 31 - 1),
    )
    .option('--lab <name>', 'kind of lab: netns or docker', oneOf(Object.keys(labs)), trialDefaults.lab)
    .addOption(evalDbOption())
    .addHelpText(
      'after',
      '\nExamples:\n  operator demo etcd\n  operator demo etcd --chaos pause --target leader\n  operator demo tikv --lab docker\n  ANTHROPIC_API_KEY=... operator demo etcd',
    )
    .action(async (subject, options) => {
      const settings = { ...trialDefaults, ...options, subject }
      const model = chooseTrialModel(settings, io.note)
      const plan = planOf(settings, model)
      io.print(`Operator: a real ${subject} cluster breaks, and is repaired.\n`)
      const tell = story({
        print: io.print,
        now: io.clock.now,
        color: io.color,
        agent: model ? model.spec : 'runbook: a fixed procedure, no model',
        settleMs: settings.settle,
      })
      const campaignId = await run(
        plan,
        machinery(options, io, (_, event) => tell(event)),
      )
      await using db = store.openEvalDb(options.evalDb)
      const [trial] = await store.listTrials<TrialSpec, TrialRecord>(db, { campaignId })
      if (!trial) throw new Error(`campaign c${campaignId} has no trial`)
      io.print(verdict(trial))
      if (!trial.outcome || !(isRecovered(trial.outcome) || trial.outcome.kind === 'unaffected'))
        io.answerNo()
    })
}

function verdict(trial: Trial): string {
  const { id, fault, outcome, ms, workload, session } = documentOf(trial)
  const rows: [string, string][] = [
    [
      'outcome',
      outcome && 'reason' in outcome ? `${outcome.kind}: ${outcome.reason}` : (outcome?.kind ?? '-'),
    ],
    ['fault', `${fault.chaos_type} on ${fault.target}`],
    ['cluster up', humanMs(ms.reset)],
    ['detected after', humanMs(ms.detect)],
    ['resolved after', humanMs(ms.resolve)],
    ['recovered after', `${humanMs(ms.recover)} (by the oracle, from outside)`],
    ['whole trial', humanMs(ms.total)],
    ['load', workload ? `${workload.ops} operations, ${workload.failed} failed` : '-'],
    ['lost writes', workload ? `${workload.lost_writes} of those acknowledged` : '-'],
    [
      'agent',
      session
        ? `${session.turns} turns, ${session.commands} commands, ${session.cost_usd === null ? 'unknown' : session.cost_usd.toFixed(2)} USD`
        : '-',
    ],
  ]
  return [
    '',
    table(['verdict', ''], rows),
    '',
    'Look deeper (in a checkout, `operator` is bin/operator):',
    `  operator eval show ${id}          this trial with every thought, command and output`,
    `  operator eval show ${id} --json   the same for scripts`,
    `  operator eval run --subject ${trial.spec.subject} --chaos pause --target leader --trials 3`,
    `  ${`operator lab up ${trial.spec.subject}`.padEnd(32)}  a cluster of your own to break`,
  ].join('\n')
}
