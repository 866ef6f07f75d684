import { iso } from '../../src/core/clock.ts'
import { formats } from '../../src/eval/export/formats.ts'
import type { TrialRecord } from '../../src/eval/record.ts'
import type { Entry } from '../../src/store/audit/audit.ts'
import { gaveUp, injectedAt, probes, repaired, session, workload } from './record.ts'
import { type EvalHome, evalHome, type PastTrial, pastCampaign } from './stored-trials.ts'

/** What a transcript may try on whoever shows it. */
export const hostile = [
  '<script>alert(1)</script><img src=x onerror=alert(1)>',
  '</pre></details></body><!-- -->',
  '"\'`]]>&amp;$1',
  '=HYPERLINK("http://evil","x"),@SUM(1)',
  '\u001b[2J\u0000\u0008\u202e\uffff\ufffe\ud800 end',
].join('\n')

let seq = 0
export const entry = (kind: Entry['kind'], body: string, of: Partial<Entry> = {}): Entry => ({
  seq: ++seq,
  sessionId: 's1',
  at: injectedAt + 2_000 + seq,
  kind,
  body,
  meta: {},
  summary: null,
  ...of,
})

export const talk = (text = hostile): Entry[] => [
  entry('reasoning', text),
  entry('tool_call', text, { meta: { call: 1, reasoning: text } }),
  entry('tool_result', text, { meta: { call: 1, exitCode: 0, durationMs: 3 } }),
  entry('claim', JSON.stringify({ status: 'fixed', rootCause: text, actions: [] })),
]

const broken: Partial<TrialRecord> = {
  probes: [...probes(-3_000, 0), ...probes(1_000, 30_000, false)],
  sessions: [session({ claim: { ...gaveUp, rootCause: hostile } })],
}

/** One of each that matters: well, given up with hostile words, harmful, ours, and without an agent. */
export const everyKind: PastTrial[] = [
  { transcript: talk('svc start etcd-2') },
  { record: broken, transcript: talk() },
  { record: { workload: workload({ lostWrites: ['a'] }) }, transcript: talk() },
  { record: { invalid: { phase: 'up', reason: hostile } } },
  { spec: { baseline: true }, record: { ...broken, sessions: [], tickets: repaired.tickets } },
]

export interface Exported extends EvalHome {
  export(format: string, trial?: number): Promise<string>
}

/** A campaign with a hostile name, and what it is exported as. */
export async function exported(trials: readonly PastTrial[] = everyKind): Promise<Exported> {
  const home = evalHome()
  await pastCampaign(home.db, trials, hostile)
  const campaign = { id: 'c1', name: hostile, seed: 1, started: iso(1_000), ended: null }
  return {
    ...home,
    export: async (format, trial) => {
      const which = trial === undefined ? { campaign: 1 } : { trial }
      const pieces = formats[format]?.write({ db: home.db, which, campaign })
      return (await Array.fromAsync(pieces ?? [])).join('')
    },
  }
}
