import { systemClock } from '../../src/core/clock.ts'
import type { TrialRecord } from '../../src/eval/record.ts'
import type { Entry } from '../../src/store/audit/audit.ts'
import { type EvalDb, listCampaigns } from '../../src/store/eval/trials.ts'
import { startViewer, type Viewer } from '../../src/view/server.ts'
import { injectedAt, probes, sample, session, spec, ticket } from './record.ts'
import { type PastTrial, pastCampaign } from './stored-trials.ts'

export const entry = (seq: number, kind: Entry['kind'], body: string, meta: Entry['meta'] = {}): Entry => ({
  seq,
  kind,
  body,
  meta,
  sessionId: 's1',
  summary: null,
  at: injectedAt + 1_500 + seq * 250,
})

/** A command and what came of it: two entries. */
export const ran = (seq: number, command: string, output: string, exitCode = 0): Entry[] => [
  entry(seq, 'tool_call', command, { call: seq, reasoning: 'to see what is wrong' }),
  entry(seq + 1, 'tool_result', output, { call: seq, exitCode, durationMs: 120 }),
]

const repairs: Entry[] = [
  entry(1, 'reasoning', 'A member is down. I look at it first.', {
    usage: { tokensIn: 4_210, tokensOut: 96, tokensCached: 3_900, costUsd: 0.0042 },
  }),
  ...ran(2, 'svc status', '\u001b[32mrunning\u001b[0m  etcd-1\n\u001b[31mstopped\u001b[0m  etcd-2'),
  ...ran(4, 'svc start etcd-2', ''),
  entry(6, 'claim', JSON.stringify({ status: 'fixed', rootCause: 'it was killed', actions: ['started it'] })),
]

export const attack = '<script>document.title="owned";alert(1)</script><img src=x onerror=alert(2)>'

/** What nobody should be able to do anything with: markup, terminal sequences, letters that turn a line around. */
export const hostile: readonly Entry[] = [
  entry(1, 'reasoning', attack),
  ...ran(
    2,
    `echo '${attack}'`,
    `${attack}\n\u001b]0;owned\u0007\u001b[2J\u001b[31mred\u001b[0m \u202egnp.exe\u0000\ufffd\n"onmouseover="alert(3)`,
  ),
  ...ran(4, 'yes', '\u001b[31mx\u001b[32my'.repeat(20_000)),
  ...ran(6, 'seq 2000', Array.from({ length: 2_000 }, (_, i) => `line ${i + 1}`).join('\n'), 1),
  entry(8, 'claim', `{"status":"${attack}`),
  entry(9, 'error', attack),
]

export /** What a trial leaves besides: the fault, the state around it, logs, and an even load that suffered for a while. */
const measured: Partial<TrialRecord> = {
  faults: [{ chaosType: 'node_kill', target: 'etcd-2', params: { repeat: 0 }, undo: { was: 'running' } }],
  faultGoneAt: injectedAt + 3_100,
  samples: Array.from({ length: 14 }, (_, i) =>
    sample((i - 1) * 1_000, i > 1 && i < 5 ? 60 - 9 * i : 0, 90 + ((i * 7) % 20)),
  ),
  states: {
    initial: [
      { name: 'members', value: ['etcd-1', 'etcd-2'], keep: 'same' },
      { name: 'revision', value: 1_204, keep: 'grows' },
      { name: 'version', value: '3.5.16', keep: 'same' },
    ],
    broken: [{ name: 'members', value: ['etcd-1'], keep: 'same' }],
    final: [
      { name: 'members', value: ['etcd-1', 'etcd-9'], keep: 'same' },
      { name: 'revision', value: 2_410, keep: 'grows' },
      { name: 'version', value: '3.5.16', keep: 'same' },
    ],
    drops: [],
  },
  logs: { 'etcd-1': 'raft: elected leader', 'etcd-2': 'received signal; shutting down\nstarted' },
}

export const longName = `a-campaign-with-a-name-${'that-does-not-end-'.repeat(8)}<b>`

const trials = (flip: boolean): PastTrial[] =>
  [1, 2, 3, 4].flatMap((seed): PastTrial[] => [
    { spec: { seed }, transcript: repairs, record: measured },
    {
      spec: { seed, baseline: true },
      record: {
        sessions: [],
        tickets: [ticket(1_000, null)],
        probes: probes(-3_000, 0).concat(probes(1_000, 20_000, false)),
      },
    },
    {
      spec: {
        seed,
        variant: { name: 'terse' },
        faults: [{ ...spec.faults[0], chaosType: 'pause', target: 'leader', params: {} }],
      },
      ...(flip ? { record: { tickets: [ticket(1_000, null)], probes: probes(-3_000, 20_000, false) } } : {}),
    },
  ])

/** Two campaigns that can be compared (c1, c2), and one with a hostile transcript (c3), an invalid trial and load. */
export async function recordedCampaigns(db: EvalDb): Promise<void> {
  await pastCampaign(db, trials(false), 'before')
  await pastCampaign(db, trials(true), 'after')
  await pastCampaign(
    db,
    [
      {
        spec: { variant: { name: attack } },
        transcript: [...hostile],
        record: {
          samples: Array.from({ length: 15 }, (_, i) => sample((i - 3) * 1_000, i === 4 ? 40 : 0)),
          sessions: [session({ reason: attack })],
          logs: { 'etcd-1': attack },
        },
      },
      { record: { invalid: { phase: 'warm', reason: attack } } },
    ],
    longName,
  )
  if ((await listCampaigns(db, { limit: 9 })).length !== 3) throw new Error('three campaigns')
}

export const viewerOf = (databases: {
  evalDb?: string
  operatorDb?: string
  host?: string
  port?: number
}): Promise<Viewer> =>
  startViewer({
    evalDb: null,
    operatorDb: null,
    host: '127.0.0.1',
    port: 0,
    clock: systemClock,
    ...databases,
    signal: new AbortController().signal,
  })
