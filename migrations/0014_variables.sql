-- Up Migration

-- A secret is never shown again. What was stored before was given as one.
alter table environment_variables add column is_secret boolean not null default true;
-- Of name and value in UTF-8: Function Compute limits their sum, which must be known without opening every one.
alter table environment_variables add column bytes integer not null default 0 check (bytes >= 0);
-- `v1.` and base64url of 12 bytes of nonce, the value and 16 bytes of tag.
update environment_variables set bytes = length(key) + (length(sealed) - 3) * 3 / 4 - 28 where sealed like 'v1.%';

-- Rotation: what the token was before still counts until then.
alter table api_tokens add column previous_sha256 bytea unique;
alter table api_tokens add column previous_expires_at timestamptz;
alter table api_tokens add constraint api_tokens_previous
  check ((previous_sha256 is null) = (previous_expires_at is null));
create index api_tokens_valid on api_tokens (user_id, id desc) where revoked_at is null;

-- Who may read an entry: the user who did it and the account it was done to. No references: entries outlive their subjects.
-- Entries of before have neither, and are for admins only.
alter table audit_log add column user_id uuid;
alter table audit_log add column owner_id uuid;
alter table audit_log add column project_id uuid;
-- The network address it was asked from, as Function Compute saw it.
alter table audit_log add column address text;
create index audit_log_by_user on audit_log (user_id, id desc) where user_id is not null;
create index audit_log_by_owner on audit_log (owner_id, id desc) where owner_id is not null;
create index audit_log_by_user_and_action on audit_log (user_id, action, id desc) where user_id is not null;
create index audit_log_by_owner_and_action on audit_log (owner_id, action, id desc) where owner_id is not null;
create index audit_log_by_project on audit_log (project_id, id desc) where project_id is not null;
create index audit_log_by_action on audit_log (action, id desc);

-- What a project used in a day of the bill (UTC+8, as Aliyun's): asking for a sum costs the same however many builds there were.
create table usage_days (
  user_id uuid not null references users on delete restrict,
  -- No reference: usage outlives the project.
  project_id uuid not null,
  day date not null,
  builds integer not null default 0,
  build_seconds double precision not null default 0,
  primary key (user_id, day, project_id)
);
insert into usage_days (user_id, project_id, day, builds, build_seconds)
select user_id, project_id, (created_at at time zone 'Asia/Shanghai')::date, count(*), sum(amount)
  from usage_events where kind = 'build_seconds' group by 1, 2, 3;

-- Deployments of this month.
create index deployments_by_creation on deployments (project_id, created_at);
-- What a project stores.
create index blobs_stored on blobs (project_id) include (bytes) where verified_at is not null;

-- Down Migration

drop index blobs_stored;
drop index deployments_by_creation;
drop table usage_days;
drop index audit_log_by_action;
drop index audit_log_by_project;
drop index audit_log_by_owner_and_action;
drop index audit_log_by_user_and_action;
drop index audit_log_by_owner;
drop index audit_log_by_user;
alter table audit_log drop column address, drop column project_id, drop column owner_id, drop column user_id;
drop index api_tokens_valid;
alter table api_tokens drop constraint api_tokens_previous;
alter table api_tokens drop column previous_expires_at, drop column previous_sha256;
alter table environment_variables drop column bytes, drop column is_secret;
