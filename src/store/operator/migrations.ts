import { seal } from '../audit/ledger.ts'
import type { Migration } from '../sqlite.ts'

/** Each entry takes the schema one version further. Never edit one that was released. */
export const operatorMigrations: readonly Migration[] = [
  `
  create table violations (
    cluster text not null, key text not null,
    phase text not null check (phase in ('pending', 'firing', 'clearing')),
    violated_at integer not null, clear_at integer, last_seen_at integer not null,
    primary key (cluster, key)
  ) strict, without rowid;

  create table tickets (
    id integer primary key autoincrement,
    cluster text not null, subject text not null, key text not null,
    invariant text not null, node text not null, severity text not null,
    state text not null check (state in ('open', 'claimed', 'verifying', 'resolved', 'escalated')),
    message text not null, metrics text not null, batch text not null,
    occurrences integer not null, flapping integer not null, held integer not null,
    attempts integer not null, max_attempts integer not null, variant text not null,
    violated_at integer not null, opened_at integer not null, last_seen_at integer not null,
    retry_at integer not null,
    session_id text, claimed_at integer, claim text, claim_by text,
    verify_until integer, resolved_at integer, resolved_by text
  ) strict;
  create unique index one_unresolved_ticket on tickets (cluster, key) where state <> 'resolved';
  create index tickets_by_state on tickets (state, cluster);
  create index tickets_by_key on tickets (cluster, key, opened_at);

  create table ticket_events (
    id integer primary key autoincrement,
    ticket_id integer not null references tickets (id),
    at integer not null, event text not null, by text not null, detail text
  ) strict;
  create index events_of_ticket on ticket_events (ticket_id, id);

  create table sessions (
    id text primary key, cluster text not null, agent text not null, model text, variant text not null,
    state text not null check (state in ('running', 'done', 'interrupted')),
    owner text not null, lease_until integer not null,
    started_at integer not null, ended_at integer,
    turns integer not null, commands integer not null,
    tokens_in integer not null, tokens_out integer not null, cost_usd real,
    claim text, reason text
  ) strict;
  create unique index one_session_a_cluster on sessions (cluster) where state = 'running';
  create table session_tickets (
    session_id text not null references sessions (id), ticket_id integer not null references tickets (id),
    primary key (session_id, ticket_id)
  ) strict, without rowid;
  create index sessions_of_ticket on session_tickets (ticket_id);

  create table entries (
    seq integer primary key autoincrement,
    session_id text not null references sessions (id), at integer not null,
    kind text not null, body any not null, meta text not null,
    prev_hash text not null, hash text not null
  ) strict;
  create index entries_of_session on entries (session_id, seq);
  create trigger entries_keep before update on entries begin select raise(abort, 'entries are append-only'); end;
  create trigger entries_stay before delete on entries begin select raise(abort, 'entries are append-only'); end;
  create trigger entries_once before insert on entries when exists (select 1 from entries where seq = new.seq)
    begin select raise(abort, 'entries are append-only'); end;
  create table summaries (seq integer primary key references entries (seq), text text not null, by text not null) strict;

  create table monitors (
    id text primary key, cluster text not null, subject text not null, pid integer not null,
    interval_ms integer not null, started_at integer not null, beat_at integer not null,
    observed_at integer, ended_at integer
  ) strict;
  `,
  // A ticket carries the whole variant instead of its name.
  `update tickets set variant = json_object('name', variant) where variant not like '{%';`,
  // Wall time less monotonic time, since a boot.
  `create table clocks (boot text primary key, offset_ms integer not null) strict;`,
  (db) => {
    db.exec(`
      create table ledger (
        seq integer primary key autoincrement, table_name text not null, key text not null, image text not null,
        prev_hash text not null, hash text not null
      ) strict;
      create trigger sessions_stay before delete on sessions
        begin select raise(abort, 'sessions are kept'); end;
      create trigger tickets_stay before delete on tickets begin select raise(abort, 'tickets are kept'); end;
    `)
    for (const table of ['ledger', 'ticket_events', 'session_tickets'])
      db.exec(`
        create trigger ${table}_keep before update on ${table}
          begin select raise(abort, '${table} is append-only'); end;
        create trigger ${table}_stay before delete on ${table}
          begin select raise(abort, '${table} is append-only'); end;
      `)
    for (const [table, id] of [
      ['ledger', 'seq'],
      ['ticket_events', 'id'],
      ['sessions', 'id'],
      ['tickets', 'id'],
    ])
      db.exec(`
        create trigger ${table}_once before insert on ${table}
          when exists (select 1 from ${table} where ${id} = new.${id})
          begin select raise(abort, '${table}: this row is there already'); end;
      `)
    seal(db)
  },
  // The last notification of each alert. It is no part of the audit; an observation that uses it is.
  `create table received_alerts (
    cluster text not null, key text not null, name text not null, labels text not null, annotations text not null,
    status text not null, starts_at integer not null, generator_url text not null, received_at integer not null,
    primary key (cluster, key)
  ) strict, without rowid;`,
]
