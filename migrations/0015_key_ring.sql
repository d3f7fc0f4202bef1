-- Up Migration

-- Keys that wrap data keys, each wrapped itself by the root key that is named. One wraps new data keys; those before it are here
-- until nothing is wrapped by them any more.
create table key_ring (
  id uuid primary key,
  root_key_id text not null,
  wrapped text not null,
  created_at timestamptz not null default db_now(),
  retired_at timestamptz
);
create unique index key_ring_active on key_ring ((true)) where retired_at is null;

-- Keys that seal values: those of a project, or, without one, those of accounts and of the platform.
create table data_keys (
  id uuid primary key,
  -- No reference: a project's secrets are sealed before it is there. Its keys are deleted with it.
  project_id uuid,
  ring_key_id uuid not null references key_ring on delete restrict,
  wrapped text not null,
  created_at timestamptz not null default db_now(),
  retired_at timestamptz
);
create unique index data_keys_active on data_keys (project_id) nulls not distinct where retired_at is null;
create index data_keys_by_project on data_keys (project_id);
create index data_keys_by_ring_key on data_keys (ring_key_id, id);
create index data_keys_retired on data_keys (retired_at) where retired_at is not null;
create index data_keys_by_age on data_keys (created_at) where retired_at is null;

-- What was sealed with the root key itself is sealed anew, once no old code is left that writes more of it.
select outbox_enqueue('keys.reseal', 'keys', 'keys.reseal:v1', '{"from": "v1"}', 'migration-0015', interval '1 hour')
 where exists (select from users where github_token_sealed is not null) or exists (select from platform_secrets);

-- Down Migration

delete from outbox where topic in ('keys.reseal', 'keys.rewrap');
drop table data_keys;
drop table key_ring;
