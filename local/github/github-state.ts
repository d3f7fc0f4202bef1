import { randomBytes } from 'node:crypto';
import type { DatabaseSync } from 'node:sqlite';
import { openState } from '../state/open-state.ts';

// Times are milliseconds since 1970. `seen_ref` is what past webhooks have reported: the difference between it
// and the repository has to be reported next, even after a `kill -9` between a push and its events.
const schema = `
create table if not exists secret (name text primary key, value text not null);
create table if not exists repository (
  id integer primary key autoincrement,
  owner text not null collate nocase,
  name text not null collate nocase,
  default_branch text not null default 'main',
  created_at integer not null,
  pushed_at integer,
  unique (owner, name)
);
create table if not exists seen_ref (
  repository_id integer not null references repository on delete cascade,
  name text not null,
  sha text not null,
  primary key (repository_id, name)
) without rowid;
create table if not exists push_in_progress (
  repository_id integer primary key references repository on delete cascade,
  login text not null,
  process_id integer
);
create table if not exists hook (
  id integer primary key autoincrement,
  repository_id integer not null references repository on delete cascade,
  url text not null,
  content_type text not null,
  secret text,
  events text not null,
  active integer not null,
  created_at integer not null,
  updated_at integer not null
);
create table if not exists delivery (
  id integer primary key autoincrement,
  hook_id integer not null references hook on delete cascade,
  guid text not null,
  event text not null,
  payload text not null,
  redelivery integer not null,
  queued_at integer not null,
  delivered_at integer,
  duration_seconds real,
  status text,
  status_code integer,
  request_headers text,
  response_headers text,
  response_body text
);
create index if not exists delivery_waiting on delivery (hook_id, id) where delivered_at is null;
create table if not exists commit_status (
  id integer primary key autoincrement,
  repository_id integer not null references repository on delete cascade,
  sha text not null,
  state text not null,
  context text not null,
  description text,
  target_url text,
  creator text not null,
  created_at integer not null
);
create index if not exists commit_status_of on commit_status (repository_id, sha);
create table if not exists workflow_run (
  id integer primary key autoincrement,
  repository_id integer not null references repository on delete cascade,
  workflow text not null,
  run_number integer not null,
  display_title text not null,
  ref text not null,
  actor text not null,
  inputs text,
  status text not null,
  conclusion text,
  directory text,
  created_at integer not null,
  started_at integer,
  updated_at integer not null
);
create table if not exists oauth_code (
  code_sha256 text primary key,
  client_id text not null,
  login text not null,
  redirect_uri text not null,
  challenge text,
  scope text not null,
  expires_at integer not null,
  used_at integer
);
create table if not exists oauth_token (
  token_sha256 text primary key,
  client_id text not null,
  login text not null,
  scope text not null,
  created_at integer not null,
  expires_at integer
);
create table if not exists oauth_renewal (
  refresh_token_sha256 text primary key,
  token_sha256 text not null,
  client_id text not null,
  login text not null,
  expires_at integer not null
);
`;

export interface GithubState {
  readonly database: DatabaseSync;
  /** A random key of this emulator, created on first use. */
  secret(name: string): string;
  /** All of `work` or nothing of it. `work` must be synchronous. */
  transaction<T>(work: () => T): T;
}

export function openGithubState(directory: string): GithubState {
  const database = openState(directory, 'github', schema);
  return {
    database,
    secret(name) {
      const row = database
        .prepare(
          'insert into secret (name, value) values (?, ?) on conflict (name) do update set value = value returning value',
        )
        .get(name, randomBytes(32).toString('base64url'));
      return String(row?.value);
    },
    transaction(work) {
      database.exec('begin immediate');
      try {
        const result = work();
        database.exec('commit');
        return result;
      } catch (error) {
        database.exec('rollback');
        throw error;
      }
    },
  };
}
