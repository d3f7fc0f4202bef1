import type { DatabaseSync } from 'node:sqlite';
import { openState } from '../../state/open-state.ts';

const SCHEMA = `
  create table if not exists functions (
    name text primary key,
    record text not null
  );
  create table if not exists reserved_concurrency (
    function_name text primary key references functions (name) on delete cascade,
    instances integer not null
  );
  create table if not exists async_configs (
    function_name text primary key references functions (name) on delete cascade,
    record text not null
  );
  create table if not exists triggers (
    function_name text not null references functions (name) on delete cascade,
    name text not null,
    host_label text unique,
    record text not null,
    primary key (function_name, name)
  );
  create table if not exists layers (
    name text not null,
    version integer not null,
    record text not null,
    primary key (name, version)
  );
  create table if not exists custom_domains (
    name text primary key,
    record text not null
  );
  create table if not exists async_events (
    id integer primary key autoincrement,
    request_id text not null,
    function_name text not null references functions (name) on delete cascade,
    request text not null,
    payload blob not null,
    enqueued_at integer not null,
    due_at integer not null,
    failures integer not null default 0,
    throttles integer not null default 0
  );
  create index if not exists async_events_due on async_events (due_at, id);
  create table if not exists async_tasks (
    function_name text not null references functions (name) on delete cascade,
    task_id text not null,
    primary key (function_name, task_id)
  );
`;

/** Everything of FC that has to survive a restart; one SQLite file. Times are milliseconds since 1970. */
export const openFcState = (stateDirectory: string): DatabaseSync => openState(stateDirectory, 'fc', SCHEMA);

/** The `record` column of a row, written by us and therefore of the type it was written with. */
export function recordOf<T>(row: Record<string, unknown> | undefined): T | undefined {
  return row === undefined ? undefined : (JSON.parse(String(row.record)) as T);
}

/** FC writes times without milliseconds. */
export const isoSeconds = (milliseconds: number) => new Date(milliseconds).toISOString().replace(/\.\d{3}Z$/, 'Z');
