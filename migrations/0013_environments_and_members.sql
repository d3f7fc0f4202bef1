-- Up Migration

-- Who may do what with a project. So far the owner alone; a role to come is a value more.
create table project_members (
  project_id uuid not null references projects on delete cascade,
  user_id uuid not null references users on delete restrict,
  role text not null check (role in ('owner')),
  created_at timestamptz not null default db_now(),
  primary key (project_id, user_id)
);
create index project_members_by_user on project_members (user_id, project_id desc);
create unique index project_members_one_owner on project_members (project_id) where role = 'owner';
insert into project_members (project_id, user_id, role, created_at) select id, user_id, 'owner', created_at from projects;

-- Whoever makes a project owns it: also when code of before this migration makes it.
create function add_owner() returns trigger language plpgsql as $$
begin
  insert into project_members (project_id, user_id, role, created_at) values (new.id, new.user_id, 'owner', new.created_at);
  return null;
end $$;
create trigger projects_owner after insert on projects for each row execute function add_owner();

alter table environments
  add column updated_at timestamptz not null default db_now(),
  -- Switched off: it shows nothing and deploys nothing. The row stays, so that its fences go on where they were.
  add column disabled_at timestamptz;
-- A push belongs to one environment.
create unique index environments_one_per_branch on environments (project_id, branch) where disabled_at is null;

alter table deployments
  -- Whether its commit was the head of the environment's branch. What is deployed once more, or by its commit, says nothing about that.
  add column from_head boolean not null default true,
  -- Kept until somebody takes the pin out, however old it gets.
  add column pinned_at timestamptz;
update deployments set from_head = false where trigger = 'redeploy';
alter table deployments drop constraint deployments_trigger_check;
alter table deployments add constraint deployments_trigger_check
  check (trigger in ('push', 'import', 'manual', 'redeploy', 'reconcile', 'hook'));

-- What lists are filtered by; each goes on where its page before ended. `trigger` is nearly always the same, but for a few.
create index deployments_by_environment on deployments (environment_id, id desc);
create index deployments_by_status on deployments (project_id, status, id desc);
create index deployments_by_branch on deployments (project_id, branch, id desc);
create index deployments_by_commit on deployments (project_id, commit_sha, id desc);
create index deployments_by_trigger on deployments (project_id, trigger, id desc) where trigger <> 'push';
create index deployments_pinned on deployments (id) where pinned_at is not null;

create or replace view protected_deployments as
  select current_deployment_id as id from environments where current_deployment_id is not null
  union select published_deployment_id from routes where published_deployment_id is not null
  union select deployment_id from route_exposures where exposed_at > db_now() - interval '1 hour'
  union select id from deployments where pinned_at is not null;

-- Addresses that deploy the head of an environment's branch, for whom knows the secret.
create table deploy_hooks (
  id uuid primary key default new_id(),
  project_id uuid not null references projects on delete cascade,
  environment_id uuid not null references environments on delete cascade,
  name text not null check (length(name) between 1 and 100),
  secret_sha256 bytea not null check (length(secret_sha256) = 32),
  created_at timestamptz not null default db_now(),
  last_used_at timestamptz,
  revoked_at timestamptz
);
create index deploy_hooks_by_project on deploy_hooks (project_id, id desc);
create index deploy_hooks_by_environment on deploy_hooks (environment_id);

-- Down Migration

drop table deploy_hooks;
create or replace view protected_deployments as
  select current_deployment_id as id from environments where current_deployment_id is not null
  union select published_deployment_id from routes where published_deployment_id is not null
  union select deployment_id from route_exposures where exposed_at > db_now() - interval '1 hour';
drop index deployments_pinned;
drop index deployments_by_trigger;
drop index deployments_by_commit;
drop index deployments_by_branch;
drop index deployments_by_status;
drop index deployments_by_environment;
update deployments set trigger = 'manual' where trigger = 'hook';
alter table deployments drop constraint deployments_trigger_check;
alter table deployments add constraint deployments_trigger_check
  check (trigger in ('push', 'import', 'manual', 'redeploy', 'reconcile'));
alter table deployments drop column pinned_at, drop column from_head;
drop index environments_one_per_branch;
alter table environments drop column disabled_at, drop column updated_at;
drop trigger projects_owner on projects;
drop function add_owner();
drop table project_members;
