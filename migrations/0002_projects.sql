-- Up Migration

create table projects (
  id uuid primary key default new_id(),
  user_id uuid not null references users on delete restrict,
  slug text not null unique check (slug ~ '^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$' and slug !~ '--'),
  name text not null check (length(name) between 1 and 100),
  -- GitHub's numeric id survives a rename; the full name is what calls use and people read.
  github_repository_id bigint not null,
  repository text not null,
  -- Null means "detect it"; an empty command means "run nothing".
  root_directory text not null default '',
  install_command text,
  build_command text,
  output_directory text,
  node_version text,
  spa boolean,
  webhook_secret_sealed text not null,
  github_hook_id bigint,
  created_at timestamptz not null default db_now(),
  updated_at timestamptz not null default db_now()
);
create index projects_by_user on projects (user_id, id desc);
create index projects_by_repository on projects (github_repository_id);

-- production, staging or a preview. Owns what is current and the order of deployments.
create table environments (
  id uuid primary key default new_id(),
  project_id uuid not null references projects on delete restrict,
  name text not null,
  branch text not null,
  -- The next deployment's seq: the order authority.
  next_seq bigint not null default 1,
  -- +1 on every switch; the number that Edge KV carries.
  generation bigint not null default 0,
  current_deployment_id uuid,
  -- High-water mark of what was switched to automatically: only ever grows.
  activated_seq bigint not null default 0,
  -- False after a manual rollback, until someone resumes it.
  auto_promote boolean not null default true,
  -- The newest push we believe in, with the one-second resolution GitHub gives it.
  head_sha text,
  head_pushed_at bigint not null default 0,
  created_at timestamptz not null default db_now(),
  unique (project_id, name)
);

-- next_seq, generation and activated_seq are fences: a statement that lowers one is a bug, and fails here.
create function refuse_lower_fences() returns trigger language plpgsql as $$
begin
  if new.next_seq < old.next_seq or new.generation < old.generation or new.activated_seq < old.activated_seq then
    raise exception 'environment %: next_seq, generation and activated_seq never decrease', old.id
      using errcode = 'check_violation';
  end if;
  return new;
end $$;
create trigger environments_fences before update on environments
  for each row execute function refuse_lower_fences();

create table environment_variables (
  id uuid primary key default new_id(),
  project_id uuid not null references projects on delete cascade,
  environment text not null,
  key text not null check (key ~ '^[A-Za-z_][A-Za-z0-9_]{0,127}$'),
  sealed text not null,
  scope text not null check (scope in ('build', 'runtime', 'both')),
  created_at timestamptz not null default db_now(),
  updated_at timestamptz not null default db_now(),
  unique (project_id, environment, key)
);

-- Intent ledger: the row exists before the call that creates the thing, so nothing can exist outside that we never heard of.
create table cloud_resources (
  kind text not null,
  external_id text not null,
  project_id uuid not null references projects on delete restrict,
  state text not null check (state in ('intended', 'present', 'deleting', 'gone')),
  created_at timestamptz not null default db_now(),
  confirmed_at timestamptz,
  primary key (kind, external_id)
);
create index cloud_resources_by_project on cloud_resources (project_id);

-- Down Migration

drop table cloud_resources;
drop table environment_variables;
drop table environments;
drop function refuse_lower_fences();
drop table projects;
