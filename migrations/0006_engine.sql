-- Up Migration

-- Limits of an account. Builds above them wait in the queue; they are not refused.
alter table users
  add column is_admin boolean not null default false,
  add column max_active_builds integer not null default 4 check (max_active_builds > 0),
  add column max_builds_per_hour integer not null default 60 check (max_builds_per_hour > 0),
  add column max_projects integer not null default 100 check (max_projects > 0),
  add column max_storage_bytes bigint not null default 10737418240 check (max_storage_bytes > 0);

-- What an account has used, each fact once: whoever counts it twice inserts the same key twice.
create table usage_events (
  id uuid primary key default new_id(),
  user_id uuid not null references users on delete restrict,
  -- No reference: usage outlives the project.
  project_id uuid not null,
  deployment_id uuid not null,
  attempt integer not null,
  kind text not null check (kind in ('build_seconds', 'stored_bytes')),
  amount double precision not null check (amount >= 0),
  created_at timestamptz not null default db_now(),
  unique (deployment_id, attempt, kind)
);
create index usage_events_by_user on usage_events (user_id, created_at);

-- Append-only: what people and repairs did. No reference, so that it outlives its subject.
create table audit_log (
  id uuid primary key default new_id(),
  -- `user:{id}` or the function that did it.
  actor text not null,
  action text not null,
  subject text not null,
  details jsonb not null default '{}',
  request_id text not null,
  created_at timestamptz not null default db_now()
);
create index audit_log_by_subject on audit_log (subject, id);
create function refuse_change() returns trigger language plpgsql as $$
begin
  raise exception '% is append-only', tg_table_name using errcode = 'check_violation';
end $$;
create trigger audit_log_append_only before update or delete on audit_log
  for each row execute function refuse_change();

-- Periodic work of the minute timer: whoever moves due_at does it, so that two instances never do it both.
create table duties (
  name text primary key,
  due_at timestamptz not null
);

-- Consecutive failures of a provider. While `open_until` lies ahead its topics are not worked, which costs no attempts.
create table circuit_breakers (
  provider text primary key,
  failures integer not null default 0,
  first_failure_at timestamptz,
  open_until timestamptz
);

-- A push that asked not to be deployed ([skip ci], nothing changed under the root): its commit is not missing.
alter table environments
  add column skipped_sha text,
  add column synced_at timestamptz;

alter table webhook_deliveries drop constraint webhook_deliveries_outcome_check;
alter table webhook_deliveries add constraint webhook_deliveries_outcome_check
  check (outcome in ('accepted', 'duplicate_head', 'stale', 'skipped', 'ignored'));

-- Published means read back; seen everywhere is another fact, and comes later.
alter table deployments add column live_everywhere_at timestamptz;

-- Being deleted: nothing is deployed any more, and everything outside is taken down through the outbox, routes first.
alter table projects add column deleting_at timestamptz;

-- What became of a dead message.
alter table outbox
  add column resolution text check (resolution in ('replayed', 'discarded')),
  add column resolution_note text,
  add column resolved_at timestamptz;
drop index outbox_dead;
create index outbox_dead on outbox (id) where state = 'dead' and resolution is null;

-- Down Migration

drop index outbox_dead;
create index outbox_dead on outbox (id) where state = 'dead';
alter table outbox drop column resolved_at, drop column resolution_note, drop column resolution;
alter table projects drop column deleting_at;
alter table deployments drop column live_everywhere_at;
alter table webhook_deliveries drop constraint webhook_deliveries_outcome_check;
alter table webhook_deliveries add constraint webhook_deliveries_outcome_check
  check (outcome in ('accepted', 'duplicate_head', 'stale', 'ignored'));
alter table environments drop column synced_at, drop column skipped_sha;
drop table circuit_breakers;
drop table duties;
drop table audit_log;
drop function refuse_change();
drop table usage_events;
alter table users
  drop column max_storage_bytes,
  drop column max_projects,
  drop column max_builds_per_hour,
  drop column max_active_builds,
  drop column is_admin;
