import type { DatabaseSync } from 'node:sqlite';
import { openState } from '../../state/open-state.ts';

const SCHEMA = `
create table if not exists sites (
  site_id integer primary key,
  name text not null unique
) strict;
create table if not exists kv_namespaces (
  name text primary key,
  namespace_id text not null,
  description text not null
) strict;
create table if not exists kv_entries (
  namespace text not null references kv_namespaces(name),
  key text not null,
  value blob not null,
  expires_at integer,
  updated_at text not null,
  primary key (namespace, key)
) strict;
create table if not exists records (
  record_id integer primary key,
  site_id integer not null references sites(site_id),
  name text not null,
  source text not null,
  auth_type text not null,
  host_policy text not null,
  biz_name text not null,
  proxied integer not null,
  ttl integer not null,
  comment text not null,
  created_at text not null,
  updated_at text not null,
  unique (site_id, name)
) strict;
create table if not exists purge_tasks (
  task_id integer primary key,
  site_id integer not null references sites(site_id),
  type text not null,
  content text not null,
  complete integer not null,
  created_at text not null
) strict;
create table if not exists routines (
  name text primary key,
  description text not null,
  created_at text not null
) strict;
create table if not exists routine_versions (
  routine text not null references routines(name),
  version text not null,
  description text not null,
  script text not null,
  created_at text not null,
  primary key (routine, version)
) strict;
create table if not exists routine_publications (
  routine text not null references routines(name),
  environment text not null,
  version text not null,
  primary key (routine, environment)
) strict;
create table if not exists routine_routes (
  config_id integer primary key,
  site_id integer not null references sites(site_id),
  routine text not null references routines(name),
  name text not null,
  rule text not null,
  enabled integer not null,
  bypass integer not null,
  fallback integer not null,
  sequence integer not null
) strict;
`;

export interface EsaState {
  readonly database: DatabaseSync;
  /** 16 digits and below 2^53, as ESA's ids are: code that truncates one to 32 bits fails at once. Never repeats. */
  nextId(): number;
}

/** Opens ESA's durable state. The account owns the sites named in `siteNames` from the start. */
export function openEsaState(directory: string, siteNames: readonly string[]): EsaState {
  const database = openState(directory, 'esa', SCHEMA);
  let last = 0;
  const nextId = () => {
    last = Math.max(last + 1, Date.now() * 1000);
    return last;
  };
  const addSite = database.prepare('insert into sites (site_id, name) values (?, ?) on conflict (name) do nothing');
  for (const name of siteNames) addSite.run(nextId(), name);
  return { database, nextId };
}

/** ESA's time format: UTC, whole seconds. */
export const timestamp = (now = Date.now()) => new Date(now).toISOString().replace(/\.\d{3}Z$/, 'Z');
