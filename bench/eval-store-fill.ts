import { DatabaseSync } from 'node:sqlite'
import { rngFrom } from '../src/core/rng.ts'
import type { TrialRecord } from '../src/eval/record.ts'
import { openEvalDb } from '../src/store/eval/trials.ts'
import { entry, talk } from '../test/standins/exports.ts'
import { injectedAt, probes, repaired, session, workload } from '../test/standins/record.ts'
import { type PastTrial, pastCampaign } from '../test/standins/stored-trials.ts'

const kinds = ['node_kill', 'pause', 'network_partition', 'disk_pressure', 'latency']
/** As many as there are kinds times ways to end: the others are these with another seed, other times and another price. */
const templates = 60

/**
 * A first campaign, of which all others are copies: records of about 85 kB before they are packed, transcripts of 15 kB, or of
 * 1.25 kB a call.
 */
export async function addTemplates(path: string, calls = 12): Promise<void> {
  await using db = openEvalDb(path)
  await pastCampaign(
    db,
    Array.from({ length: templates }, (_, i) => template(i, calls)),
    'templates',
  )
}

/** Adds campaigns of so many trials, each trial with its record and transcript. */
export function addCampaigns(path: string, campaigns: readonly number[]): void {
  const raw = new DatabaseSync(path)
  raw.exec('pragma synchronous = off')
  const { last } = raw.prepare('select max(id) as last from campaigns').get() as { last: number }
  const add = raw.prepare(
    "insert into campaigns (id, name, spec, seed, started_at) values (?, ?, '{}', 1, ?)",
  )
  for (const [i, trials] of campaigns.entries()) {
    const id = last + 1 + i
    raw.exec('begin')
    add.run(id, `campaign ${id}`, injectedAt + id)
    copyTrials(raw, id, trials)
    raw.exec('commit')
  }
  raw.exec('pragma wal_checkpoint(truncate)')
  raw.close()
}

/** The same damage in the same slot of every campaign, so that they can be compared in pairs, and an end of its own. */
const templateOf = (slot: string, campaign: string): string =>
  `1 + (${slot} * 31 + ${slot} / 7) % ${kinds.length} + ${kinds.length} * ((${slot} * 7919 + ${slot} / 13 + ${campaign} * 5) % ${templates / kinds.length})`

function copyTrials(raw: DatabaseSync, campaignId: number, trials: number): void {
  const { last } = raw.prepare('select max(id) as last from trials').get() as { last: number }
  raw
    .prepare(
      `with recursive slot (n) as (select 0 union all select n + 1 from slot where n < :trials - 1)
       insert into trials (id, campaign_id, slot, spec, state, started_at, ended_at, outcome, interrupted, scorer_version, summary, record)
       select :last + 1 + n, :campaign, n, json_set(t.spec, '$.seed', n), t.state, t.started_at, t.ended_at, t.outcome, 0, t.scorer_version,
         json_set(t.summary, '$.seed', n,
           '$.recoverMs', t.summary ->> '$.recoverMs' + (n * 7919 + :campaign * 131) % 4001,
           '$.watchedMs', t.summary ->> '$.watchedMs' + 4001,
           '$.detectMs', t.summary ->> '$.detectMs' + (n * 104729 + :campaign * 17) % 997,
           '$.costUsd', ((n * 15485863 + :campaign * 7) % 1000) / 5000.0),
         t.record
       from slot join trials t on t.id = ${templateOf('n', ':campaign')}`,
    )
    .run({ trials, last, campaign: campaignId })
  raw
    .prepare(
      `insert into entries (trial_id, seq, session_id, at, kind, body, meta, summary)
       select t.id, e.seq, e.session_id, e.at, e.kind, e.body, e.meta, e.summary
       from trials t join entries e on e.trial_id = ${templateOf('t.slot', ':campaign')}
       where t.campaign_id = :campaign`,
    )
    .run({ campaign: campaignId })
}

/** Ways to end, likely and unlikely, for an agent and without one. */
function template(i: number, length: number): PastTrial {
  const rng = rngFrom(i)
  const chaosType = kinds[i % kinds.length] ?? 'pause'
  const word = () => rng.int(2 ** 31).toString(36)
  const logs = Object.fromEntries(
    ['etcd-1', 'etcd-2', 'etcd-3'].map((node) => [
      node,
      Array.from(
        { length: 200 },
        () =>
          `{"level":"info","caller":"raft/${word()}.go","msg":"${word()} elected at term ${rng.int(9)}"}${' '.repeat(40)}`,
      ).join('\n'),
    ]),
  )
  const broken: Partial<TrialRecord> = {
    probes: [...probes(-3_000, 0), ...probes(1_000, 120_000, false)],
    timedOut: true,
    sessions: [session({ claim: null, state: 'interrupted' })],
  }
  const ends: Partial<TrialRecord>[] = [
    ...[{}, {}, {}, {}, {}, {}, {}],
    ...[broken, broken, { workload: workload({ lostWrites: ['a'] }) }],
    ...[{ invalid: { phase: 'up' as const, reason: `not healthy within 30000 ms: ${word()}` } }],
    ...[{ ...broken, sessions: [], tickets: repaired.tickets }],
  ]
  const end = ends[Math.floor(i / kinds.length) % ends.length] ?? {}
  const calls = Array.from({ length }, (_, call) => [
    entry('reasoning', `${word()} ${'because of what the last output said '.repeat(6)}`),
    entry('tool_call', `svc logs etcd-${1 + (call % 3)} -n ${10 + call}`, {
      meta: { call, reasoning: 'Why?' },
    }),
    entry('tool_result', `${word()} ${'a line of its log\n'.repeat(40)}`, {
      meta: { call, exitCode: 0, durationMs: 40 },
    }),
  ])
  return {
    spec: { faults: [{ chaosType, target: 'random', params: {} }], baseline: end.sessions?.length === 0 },
    record: { ...end, logs },
    transcript: end.sessions?.length === 0 ? [] : [...calls.flat(), ...talk('done').slice(3)],
  }
}
