import type { Generated, GeneratedAlways } from 'kysely'

/** Rows of eval.db: times in epoch ms, booleans 0 or 1, JSON as text. */
export interface EvalSchema {
  campaigns: CampaignRow
  trials: TrialRow
  phases: PhaseRow
  faults: FaultRow
  entries: TranscriptRow
  judgements: JudgementRow
  search_index: SearchRow
}

export interface CampaignRow {
  id: Generated<number>
  name: string
  spec: string
  seed: number
  started_at: number
  ended_at: number | null
}

export interface TrialRow {
  id: Generated<number>
  campaign_id: number
  /** Its place in the plan. An interrupted trial is run again in the same slot, as a new row. */
  slot: number
  spec: string
  state: 'planned' | 'running' | 'done'
  /** The process that runs it, so that a later one can tell a dead owner from a living one. */
  owner: string | null
  cluster_id: string | null
  started_at: number | null
  ended_at: number | null
  outcome: string | null
  /** The trial was interrupted by Ctrl-C or the death of its process. */
  interrupted: number
  scorer_version: number | null
  /**
   * The trial's figures, as JSON. null until it has ended, and in rows of an older program until they are read; the JSON
   * `null` if no figures can be derived from the record.
   */
  summary: string | null
  /**
   * All raw measurements; scoring reads them. It is by far the longest column, so it is compressed like transcripts, and the
   * last of a row: to read a column, SQLite walks through all columns before it.
   */
  record: string | Uint8Array | null
  /** Columns computed from the JSON ones, to filter and count by. */
  outcome_kind: GeneratedAlways<string | null>
  subject: GeneratedAlways<string | null>
  chaos: GeneratedAlways<string | null>
  arm: GeneratedAlways<string | null>
  /** A JSON array: the part of the summary and the reason of invalidity that lists show; reading.ts has the order. */
  line: GeneratedAlways<string | null>
}

export interface PhaseRow {
  trial_id: number
  phase: string
  started_at: number
  ended_at: number | null
}

export interface FaultRow {
  id: Generated<number>
  trial_id: number
  lab: string
  cluster_id: string
  fault: string
  state: 'armed' | 'injected' | 'reverted'
  armed_at: number
}

export interface TranscriptRow {
  trial_id: number
  seq: number
  session_id: string
  at: number
  kind: string
  body: string | Uint8Array
  meta: string
  summary: string | null
}

/** A model's answer; its key is the hash of the whole question. */
export interface JudgementRow {
  key: string
  model: string
  prompt_version: number
  at: number
  answer: string
}

/** Index of the words in transcripts by kind of text, without the text itself. `rowid`: see search.ts. */
export interface SearchRow {
  rowid: number
  command: string | null
  output: string | null
  reasoning: string | null
}

export const evalMigrations: readonly string[] = [
  `
  create table campaigns (
    id integer primary key autoincrement, name text not null, spec text not null, seed integer not null,
    started_at integer not null, ended_at integer
  ) strict;

  create table trials (
    id integer primary key autoincrement,
    campaign_id integer not null references campaigns (id), slot integer not null,
    spec text not null,
    state text not null check (state in ('planned', 'running', 'done')),
    owner text, cluster_id text,
    started_at integer, ended_at integer,
    record text, outcome text, interrupted integer not null default 0, scorer_version integer
  ) strict;
  create index trials_of_campaign on trials (campaign_id, id);
  create index trials_by_state on trials (state);

  create table phases (
    trial_id integer not null references trials (id), phase text not null,
    started_at integer not null, ended_at integer,
    primary key (trial_id, phase)
  ) strict, without rowid;

  create table faults (
    id integer primary key autoincrement,
    trial_id integer not null references trials (id),
    lab text not null, cluster_id text not null, fault text not null,
    state text not null check (state in ('armed', 'injected', 'reverted')),
    armed_at integer not null
  ) strict;
  create index faults_by_state on faults (state);

  create table entries (
    trial_id integer not null references trials (id), seq integer not null,
    session_id text not null, at integer not null, kind text not null,
    body any not null, meta text not null, summary text,
    primary key (trial_id, seq)
  ) strict, without rowid;
  `,

  `
  alter table trials add column summary text;
  alter table trials add column last_record any;
  update trials set last_record = record, record = null;
  alter table trials drop column record;
  alter table trials rename column last_record to record;

  alter table trials add column outcome_kind text as (json_extract(outcome, '$.kind'));
  alter table trials add column subject text as (json_extract(summary, '$.subject'));
  alter table trials add column chaos text as (json_extract(summary, '$.chaos'));
  alter table trials add column arm text as (json_extract(summary, '$.arm'));

  create index trials_by_outcome on trials (campaign_id, state, outcome_kind);
  create index trials_by_chaos on trials (subject, chaos, id);
  create index trials_to_summarize on trials (id) where summary is null and record is not null;
  `,

  `
  create table judgements (
    key text primary key, model text not null, prompt_version integer not null,
    at integer not null, answer text not null
  ) strict, without rowid;
  `,

  `
  create virtual table search_index using fts5 (
    command, output, reasoning, content = '', contentless_delete = 1, tokenize = "unicode61 tokenchars '_'"
  );
  insert into search_index (rowid, command, output, reasoning)
    select trial_id * 1048576 + seq,
      case kind when 'tool_call' then body end,
      case kind when 'tool_result' then substr(body, 1, 65536) end,
      case kind when 'tool_result' then null when 'tool_call' then json_extract(meta, '$.reasoning') else body end
    from entries where typeof(body) = 'text' and seq < 1048576;
  `,

  // Whole campaigns are listed from the index alone: a trial's row is long, and most of it is the record.
  `
  alter table trials add column line text as (case when summary <> 'null' then json_array(
    summary ->> '$.subject', summary ->> '$.chaos', summary ->> '$.damage', summary ->> '$.arm', summary ->> '$.target',
    summary ->> '$.seed', summary ->> '$.detectMs', summary ->> '$.resolveMs', summary ->> '$.recoverMs',
    summary ->> '$.watchedMs', summary ->> '$.commands.total', summary ->> '$.costUsd',
    outcome ->> '$.phase', iif(outcome_kind = 'invalid', outcome ->> '$.reason', null)) end);
  create index trials_in_lines
    on trials (campaign_id, id, state, started_at, ended_at, scorer_version, outcome_kind, line);
  drop index trials_of_campaign;
  `,
]
