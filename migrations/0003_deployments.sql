-- Up Migration

create table deployments (
  id uuid primary key default new_id(),
  project_id uuid not null references projects on delete restrict,
  environment_id uuid not null references environments on delete restrict,
  seq bigint not null,
  trigger text not null check (trigger in ('push', 'import', 'manual', 'redeploy', 'reconcile')),
  -- push:{delivery} | import:{project} | manual:{idempotency key} | head:{sha}:after{seq}
  dedupe_key text not null,
  branch text not null,
  commit_sha text not null check (commit_sha ~ '^[0-9a-f]{40}$'),
  commit_message text,
  commit_author text,
  status text not null default 'queued' check (status in (
    'queued', 'cloning', 'building', 'uploading', 'deploying', 'deployed', 'purging', 'purged', 'failed', 'cancelled'
  )),
  status_version integer not null default 0,
  -- The build attempt that counts: the fence for callbacks.
  attempt integer not null default 0,
  -- Why it failed, was cancelled or did not go live: failure code, `superseded`, `held`, …
  reason text,
  reason_message text,
  -- The snapshot it was built with: a release is code + settings + variables.
  settings jsonb not null,
  variables jsonb not null default '[]',
  request_id text not null,
  manifest_sha256 bytea,
  manifest_bytes bigint,
  files integer,
  bytes bigint,
  shards integer,
  spa boolean,
  build_seconds double precision,
  deadline_at timestamptz not null default db_now() + interval '10 minutes',
  created_at timestamptz not null default db_now(),
  -- The environment's pointer moved here.
  activated_at timestamptz,
  -- Every route was written and read back.
  published_at timestamptz,
  retired_at timestamptz,
  finished_at timestamptz,
  unique (environment_id, seq),
  unique (environment_id, dedupe_key)
);
create index deployments_by_project on deployments (project_id, id desc);
create index deployments_in_progress on deployments (deadline_at)
  where status in ('queued', 'cloning', 'building', 'uploading', 'deploying', 'purging');

alter table environments add constraint environments_current_deployment
  foreign key (current_deployment_id) references deployments deferrable initially deferred;

-- Every move of every deployment, written by the statement that makes the move.
create table deployment_events (
  id uuid primary key default new_id(),
  deployment_id uuid not null references deployments on delete cascade,
  from_status text,
  to_status text not null,
  moved_by text not null,
  request_id text not null,
  note text,
  created_at timestamptz not null default db_now()
);
create index deployment_events_by_deployment on deployment_events (deployment_id, id);

-- Transactional inbox. GitHub's delivery id is shared by all hooks of one event, and GitHub signs the body only (a
-- replay may carry a fresh id): both are unique per hook.
create table webhook_deliveries (
  id uuid primary key default new_id(),
  project_id uuid not null references projects on delete cascade,
  delivery_guid text not null,
  event text not null,
  ref text,
  before_sha text,
  after_sha text,
  pushed_at bigint,
  body_sha256 bytea not null,
  seen_count integer not null default 1,
  outcome text not null check (outcome in ('accepted', 'duplicate_head', 'stale', 'ignored')),
  note text,
  deployment_id uuid references deployments on delete set null,
  request_id text not null,
  received_at timestamptz not null default db_now(),
  unique (project_id, delivery_guid),
  unique (project_id, body_sha256)
);

create table build_attempts (
  deployment_id uuid not null references deployments on delete cascade,
  attempt integer not null,
  state text not null default 'dispatching' check (state in ('dispatching', 'dispatched', 'running', 'finished', 'abandoned')),
  -- The ticket is an HMAC over this nonce: never stored, always derivable.
  ticket_nonce bytea not null,
  ticket_expires_at timestamptz not null,
  redeemer text,
  redeemed_at timestamptz,
  report_token_sha256 bytea unique,
  publish_token_sha256 bytea unique,
  tokens_expire_at timestamptz,
  run_id text,
  last_seen_at timestamptz,
  created_at timestamptz not null default db_now(),
  closed_at timestamptz,
  primary key (deployment_id, attempt)
);

-- Replay-proof journal of the runner's reports.
create table build_reports (
  deployment_id uuid not null,
  attempt integer not null,
  seq integer not null,
  kind text not null,
  body_sha256 bytea not null,
  answer jsonb not null,
  received_at timestamptz not null default db_now(),
  primary key (deployment_id, attempt, seq),
  foreign key (deployment_id, attempt) references build_attempts on delete cascade
);

-- Content-addressed files of a project. Only a verified blob (read and hashed by us) counts as present.
create table blobs (
  project_id uuid not null references projects on delete cascade,
  sha256 bytea not null check (length(sha256) = 32),
  bytes bigint not null,
  verified_at timestamptz,
  -- Last time a build said it needs this content; nothing wanted lately is ever swept.
  wanted_at timestamptz not null default db_now(),
  primary key (project_id, sha256)
);

-- Down Migration

drop table blobs;
drop table build_reports;
drop table build_attempts;
drop table webhook_deliveries;
drop table deployment_events;
alter table environments drop constraint environments_current_deployment;
drop table deployments;
