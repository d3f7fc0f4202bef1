-- What the migrations make of an empty database, for reading and for review: nothing applies this file.
-- Written by scripts/dump-schema.ts; a test fails when it is not what the migrations make.

create sequence fence_seq;

create table api_tokens (
  id uuid default new_id() not null,
  user_id uuid not null,
  name text not null,
  prefix text not null,
  token_sha256 bytea not null,
  last_used_at timestamp with time zone,
  expires_at timestamp with time zone,
  revoked_at timestamp with time zone,
  created_at timestamp with time zone default db_now() not null,
  scopes text[] default '{}'::text[] not null,
  project_ids uuid[],
  previous_sha256 bytea,
  previous_expires_at timestamp with time zone,
  constraint api_tokens_pkey PRIMARY KEY (id),
  constraint api_tokens_previous_sha256_key UNIQUE (previous_sha256),
  constraint api_tokens_token_sha256_key UNIQUE (token_sha256),
  constraint api_tokens_user_id_fkey FOREIGN KEY (user_id) REFERENCES users(id) ON DELETE CASCADE,
  constraint api_tokens_previous CHECK ((previous_sha256 IS NULL) = (previous_expires_at IS NULL))
);
CREATE INDEX api_tokens_by_user ON api_tokens USING btree (user_id, id);
CREATE INDEX api_tokens_valid ON api_tokens USING btree (user_id, id DESC) WHERE revoked_at IS NULL;

create table audit_log (
  id uuid default new_id() not null,
  actor text not null,
  action text not null,
  subject text not null,
  details jsonb default '{}'::jsonb not null,
  request_id text not null,
  created_at timestamp with time zone default db_now() not null,
  user_id uuid,
  owner_id uuid,
  project_id uuid,
  address text,
  constraint audit_log_pkey PRIMARY KEY (id)
);
CREATE INDEX audit_log_by_action ON audit_log USING btree (action, id DESC);
CREATE INDEX audit_log_by_owner ON audit_log USING btree (owner_id, id DESC) WHERE owner_id IS NOT NULL;
CREATE INDEX audit_log_by_owner_and_action ON audit_log USING btree (owner_id, action, id DESC) WHERE owner_id IS NOT NULL;
CREATE INDEX audit_log_by_project ON audit_log USING btree (project_id, id DESC) WHERE project_id IS NOT NULL;
CREATE INDEX audit_log_by_subject ON audit_log USING btree (subject, id);
CREATE INDEX audit_log_by_user ON audit_log USING btree (user_id, id DESC) WHERE user_id IS NOT NULL;
CREATE INDEX audit_log_by_user_and_action ON audit_log USING btree (user_id, action, id DESC) WHERE user_id IS NOT NULL;
CREATE TRIGGER audit_log_append_only BEFORE DELETE OR UPDATE ON audit_log FOR EACH ROW EXECUTE FUNCTION refuse_change();

create table blobs (
  project_id uuid not null,
  sha256 bytea not null,
  bytes bigint not null,
  verified_at timestamp with time zone,
  wanted_at timestamp with time zone default db_now() not null,
  doomed_at timestamp with time zone,
  constraint blobs_pkey PRIMARY KEY (project_id, sha256),
  constraint blobs_project_id_fkey FOREIGN KEY (project_id) REFERENCES projects(id) ON DELETE CASCADE,
  constraint blobs_doomed_check CHECK (doomed_at IS NULL OR verified_at IS NULL),
  constraint blobs_sha256_check CHECK (length(sha256) = 32)
);
CREATE INDEX blobs_doomed ON blobs USING btree (project_id) WHERE doomed_at IS NOT NULL;
CREATE INDEX blobs_stored ON blobs USING btree (project_id) INCLUDE (bytes, verified_at);

create table build_attempts (
  deployment_id uuid not null,
  attempt integer not null,
  state text default 'dispatching'::text not null,
  ticket_nonce bytea not null,
  ticket_expires_at timestamp with time zone not null,
  redeemer text,
  redeemed_at timestamp with time zone,
  report_token_sha256 bytea,
  publish_token_sha256 bytea,
  tokens_expire_at timestamp with time zone,
  run_id text,
  last_seen_at timestamp with time zone,
  created_at timestamp with time zone default db_now() not null,
  closed_at timestamp with time zone,
  log_bytes bigint default 0 not null,
  run_asked_at timestamp with time zone,
  constraint build_attempts_pkey PRIMARY KEY (deployment_id, attempt),
  constraint build_attempts_publish_token_sha256_key UNIQUE (publish_token_sha256),
  constraint build_attempts_report_token_sha256_key UNIQUE (report_token_sha256),
  constraint build_attempts_deployment_id_fkey FOREIGN KEY (deployment_id) REFERENCES deployments(id) ON DELETE CASCADE,
  constraint build_attempts_state_check CHECK (state = ANY (ARRAY['dispatching'::text, 'dispatched'::text, 'running'::text, 'finished'::text, 'abandoned'::text]))
);

create table build_reports (
  deployment_id uuid not null,
  attempt integer not null,
  seq integer not null,
  kind text not null,
  body_sha256 bytea not null,
  answer jsonb not null,
  received_at timestamp with time zone default db_now() not null,
  constraint build_reports_pkey PRIMARY KEY (deployment_id, attempt, seq),
  constraint build_reports_deployment_id_attempt_fkey FOREIGN KEY (deployment_id, attempt) REFERENCES build_attempts(deployment_id, attempt) ON DELETE CASCADE
);

create table circuit_breakers (
  provider text not null,
  failures integer default 0 not null,
  first_failure_at timestamp with time zone,
  open_until timestamp with time zone,
  constraint circuit_breakers_pkey PRIMARY KEY (provider)
);

create table clock_shift (
  only_row boolean default true not null,
  shift interval not null,
  constraint clock_shift_pkey PRIMARY KEY (only_row),
  constraint clock_shift_only_row_check CHECK (only_row)
);

create table cloud_resources (
  kind text not null,
  external_id text not null,
  project_id uuid not null,
  state text not null,
  created_at timestamp with time zone default db_now() not null,
  confirmed_at timestamp with time zone,
  constraint cloud_resources_pkey PRIMARY KEY (kind, external_id),
  constraint cloud_resources_project_id_fkey FOREIGN KEY (project_id) REFERENCES projects(id) ON DELETE RESTRICT,
  constraint cloud_resources_state_check CHECK (state = ANY (ARRAY['intended'::text, 'present'::text, 'deleting'::text, 'gone'::text]))
);
CREATE INDEX cloud_resources_by_project ON cloud_resources USING btree (project_id);

create table content_sweeps (
  project_id uuid not null,
  begun_at timestamp with time zone not null,
  swept_at timestamp with time zone,
  constraint content_sweeps_pkey PRIMARY KEY (project_id),
  constraint content_sweeps_project_id_fkey FOREIGN KEY (project_id) REFERENCES projects(id) ON DELETE CASCADE
);

create table data_keys (
  id uuid not null,
  project_id uuid,
  ring_key_id uuid not null,
  wrapped text not null,
  created_at timestamp with time zone default db_now() not null,
  retired_at timestamp with time zone,
  constraint data_keys_pkey PRIMARY KEY (id),
  constraint data_keys_ring_key_id_fkey FOREIGN KEY (ring_key_id) REFERENCES key_ring(id) ON DELETE RESTRICT
);
CREATE UNIQUE INDEX data_keys_active ON data_keys USING btree (project_id) NULLS NOT DISTINCT WHERE retired_at IS NULL;
CREATE INDEX data_keys_by_age ON data_keys USING btree (created_at) WHERE retired_at IS NULL;
CREATE INDEX data_keys_by_project ON data_keys USING btree (project_id);
CREATE INDEX data_keys_by_ring_key ON data_keys USING btree (ring_key_id, id);
CREATE INDEX data_keys_retired ON data_keys USING btree (retired_at) WHERE retired_at IS NOT NULL;

create table deploy_hooks (
  id uuid default new_id() not null,
  project_id uuid not null,
  environment_id uuid not null,
  name text not null,
  secret_sha256 bytea not null,
  created_at timestamp with time zone default db_now() not null,
  last_used_at timestamp with time zone,
  revoked_at timestamp with time zone,
  constraint deploy_hooks_pkey PRIMARY KEY (id),
  constraint deploy_hooks_environment_id_fkey FOREIGN KEY (environment_id) REFERENCES environments(id) ON DELETE CASCADE,
  constraint deploy_hooks_project_id_fkey FOREIGN KEY (project_id) REFERENCES projects(id) ON DELETE CASCADE,
  constraint deploy_hooks_name_check CHECK (length(name) >= 1 AND length(name) <= 100),
  constraint deploy_hooks_secret_sha256_check CHECK (length(secret_sha256) = 32)
);
CREATE INDEX deploy_hooks_by_environment ON deploy_hooks USING btree (environment_id);
CREATE INDEX deploy_hooks_by_project ON deploy_hooks USING btree (project_id, id DESC);

create table deployment_events (
  id uuid default new_id() not null,
  deployment_id uuid not null,
  from_status text,
  to_status text not null,
  moved_by text not null,
  request_id text not null,
  note text,
  created_at timestamp with time zone default db_now() not null,
  constraint deployment_events_pkey PRIMARY KEY (id),
  constraint deployment_events_deployment_id_fkey FOREIGN KEY (deployment_id) REFERENCES deployments(id) ON DELETE CASCADE
);
CREATE INDEX deployment_events_by_deployment ON deployment_events USING btree (deployment_id, id);

create table deployments (
  id uuid default new_id() not null,
  project_id uuid not null,
  environment_id uuid not null,
  seq bigint not null,
  trigger text not null,
  dedupe_key text not null,
  branch text,
  commit_sha text,
  commit_message text,
  commit_author text,
  status text default 'queued'::text not null,
  status_version integer default 0 not null,
  attempt integer default 0 not null,
  reason text,
  reason_message text,
  settings jsonb not null,
  variables jsonb default '[]'::jsonb not null,
  request_id text not null,
  manifest_sha256 bytea,
  manifest_bytes bigint,
  files integer,
  bytes bigint,
  shards integer,
  spa boolean,
  build_seconds double precision,
  deadline_at timestamp with time zone default db_now() + '00:10:00'::interval not null,
  created_at timestamp with time zone default db_now() not null,
  activated_at timestamp with time zone,
  published_at timestamp with time zone,
  retired_at timestamp with time zone,
  finished_at timestamp with time zone,
  live_everywhere_at timestamp with time zone,
  emptied_at timestamp with time zone,
  from_head boolean default true not null,
  pinned_at timestamp with time zone,
  constraint deployments_pkey PRIMARY KEY (id),
  constraint deployments_environment_id_dedupe_key_key UNIQUE (environment_id, dedupe_key),
  constraint deployments_environment_id_seq_key UNIQUE (environment_id, seq),
  constraint deployments_environment_id_fkey FOREIGN KEY (environment_id) REFERENCES environments(id) ON DELETE RESTRICT,
  constraint deployments_project_id_fkey FOREIGN KEY (project_id) REFERENCES projects(id) ON DELETE RESTRICT,
  constraint deployments_commit_sha_check CHECK (commit_sha ~ '^[0-9a-f]{40}$'::text),
  constraint deployments_of_commit_or_upload CHECK (
CASE
    WHEN trigger = 'upload'::text THEN branch IS NULL AND commit_sha IS NULL AND NOT from_head
    ELSE branch IS NOT NULL AND commit_sha IS NOT NULL
END),
  constraint deployments_status_check CHECK (status = ANY (ARRAY['queued'::text, 'cloning'::text, 'building'::text, 'uploading'::text, 'deploying'::text, 'deployed'::text, 'purging'::text, 'purged'::text, 'failed'::text, 'cancelled'::text])),
  constraint deployments_trigger_check CHECK (trigger = ANY (ARRAY['push'::text, 'import'::text, 'manual'::text, 'redeploy'::text, 'reconcile'::text, 'hook'::text, 'upload'::text]))
);
CREATE INDEX deployments_by_commit ON deployments USING btree (project_id, commit_sha, id DESC);
CREATE INDEX deployments_by_creation ON deployments USING btree (project_id, created_at);
CREATE INDEX deployments_by_environment ON deployments USING btree (environment_id, id DESC);
CREATE INDEX deployments_by_project ON deployments USING btree (project_id, id DESC);
CREATE INDEX deployments_by_trigger ON deployments USING btree (project_id, trigger, id DESC) WHERE trigger <> 'push'::text;
CREATE INDEX deployments_in_progress ON deployments USING btree (deadline_at) WHERE status = ANY (ARRAY['queued'::text, 'cloning'::text, 'building'::text, 'uploading'::text, 'deploying'::text, 'purging'::text]);
CREATE INDEX deployments_pinned ON deployments USING btree (id) WHERE pinned_at IS NOT NULL;
CREATE INDEX deployments_queued ON deployments USING btree (environment_id) WHERE status = 'queued'::text;
CREATE INDEX deployments_to_empty ON deployments USING btree (finished_at) WHERE emptied_at IS NULL AND (status = ANY (ARRAY['failed'::text, 'cancelled'::text, 'purged'::text]));

create table device_logins (
  id uuid default new_id() not null,
  device_code_sha256 bytea not null,
  user_code text not null,
  client_name text not null,
  address text not null,
  created_at timestamp with time zone default db_now() not null,
  expires_at timestamp with time zone not null,
  last_polled_at timestamp with time zone,
  interval_seconds integer not null,
  user_id uuid,
  scopes text[],
  approved_at timestamp with time zone,
  denied_at timestamp with time zone,
  redeemed_at timestamp with time zone,
  constraint device_logins_pkey PRIMARY KEY (id),
  constraint device_logins_device_code_sha256_key UNIQUE (device_code_sha256),
  constraint device_logins_user_code_key UNIQUE (user_code),
  constraint device_logins_user_id_fkey FOREIGN KEY (user_id) REFERENCES users(id) ON DELETE CASCADE,
  constraint device_logins_check CHECK (approved_at IS NULL OR user_id IS NOT NULL AND scopes IS NOT NULL),
  constraint device_logins_check1 CHECK (approved_at IS NULL OR denied_at IS NULL),
  constraint device_logins_check2 CHECK (redeemed_at IS NULL OR approved_at IS NOT NULL)
);
CREATE INDEX device_logins_by_expiry ON device_logins USING btree (expires_at);

create table duties (
  name text not null,
  due_at timestamp with time zone not null,
  constraint duties_pkey PRIMARY KEY (name)
);

create table environment_variables (
  id uuid default new_id() not null,
  project_id uuid not null,
  environment text not null,
  key text not null,
  sealed text not null,
  scope text not null,
  created_at timestamp with time zone default db_now() not null,
  updated_at timestamp with time zone default db_now() not null,
  is_secret boolean default true not null,
  bytes integer default 0 not null,
  constraint environment_variables_pkey PRIMARY KEY (id),
  constraint environment_variables_project_id_environment_key_key UNIQUE (project_id, environment, key),
  constraint environment_variables_project_id_fkey FOREIGN KEY (project_id) REFERENCES projects(id) ON DELETE CASCADE,
  constraint environment_variables_bytes_check CHECK (bytes >= 0),
  constraint environment_variables_key_check CHECK (key ~ '^[A-Za-z_][A-Za-z0-9_]{0,127}$'::text),
  constraint environment_variables_scope_check CHECK (scope = ANY (ARRAY['build'::text, 'runtime'::text, 'both'::text]))
);

create table environments (
  id uuid default new_id() not null,
  project_id uuid not null,
  name text not null,
  branch text not null,
  next_seq bigint default 1 not null,
  generation bigint default 0 not null,
  current_deployment_id uuid,
  activated_seq bigint default 0 not null,
  auto_promote boolean default true not null,
  head_sha text,
  head_pushed_at bigint default 0 not null,
  created_at timestamp with time zone default db_now() not null,
  skipped_sha text,
  synced_at timestamp with time zone,
  updated_at timestamp with time zone default db_now() not null,
  disabled_at timestamp with time zone,
  skipped_changes boolean default false not null,
  constraint environments_pkey PRIMARY KEY (id),
  constraint environments_project_id_name_key UNIQUE (project_id, name),
  constraint environments_current_deployment FOREIGN KEY (current_deployment_id) REFERENCES deployments(id) DEFERRABLE INITIALLY DEFERRED,
  constraint environments_project_id_fkey FOREIGN KEY (project_id) REFERENCES projects(id) ON DELETE RESTRICT
);
CREATE UNIQUE INDEX environments_one_per_branch ON environments USING btree (project_id, branch) WHERE disabled_at IS NULL;
CREATE TRIGGER environments_fences BEFORE UPDATE ON environments FOR EACH ROW WHEN (new.next_seq < old.next_seq OR new.generation < old.generation OR new.activated_seq < old.activated_seq) EXECUTE FUNCTION refuse_lower_fences();

create table event_streams (
  user_id uuid not null,
  slot integer not null,
  stream uuid not null,
  held_until timestamp with time zone not null,
  constraint event_streams_pkey PRIMARY KEY (user_id, slot)
);

create table idempotency_keys (
  principal text not null,
  key text not null,
  operation text not null,
  request_sha256 bytea not null,
  claim uuid not null,
  locked_until timestamp with time zone not null,
  answer_sealed text,
  created_at timestamp with time zone default db_now() not null,
  constraint idempotency_keys_pkey PRIMARY KEY (principal, key)
);
CREATE INDEX idempotency_keys_by_age ON idempotency_keys USING btree (created_at);

create table inventory_sweeps (
  listed_until text not null,
  only_one boolean default true not null,
  constraint inventory_sweeps_pkey PRIMARY KEY (only_one),
  constraint inventory_sweeps_only_one_check CHECK (only_one)
);

create table key_ring (
  id uuid not null,
  root_key_id text not null,
  wrapped text not null,
  created_at timestamp with time zone default db_now() not null,
  retired_at timestamp with time zone,
  constraint key_ring_pkey PRIMARY KEY (id)
);
CREATE UNIQUE INDEX key_ring_active ON key_ring USING btree ((true)) WHERE retired_at IS NULL;

create table login_attempts (
  state_sha256 bytea not null,
  browser_sha256 bytea not null,
  verifier_sealed text not null,
  next_path text not null,
  expires_at timestamp with time zone not null,
  used_at timestamp with time zone,
  constraint login_attempts_pkey PRIMARY KEY (state_sha256)
);
CREATE INDEX login_attempts_by_expiry ON login_attempts USING btree (expires_at);

create table outbox (
  id uuid default new_id() not null,
  topic text not null,
  lane text not null,
  dedupe_key text not null,
  payload jsonb default '{}'::jsonb not null,
  request_id text not null,
  state text default 'pending'::text not null,
  attempts integer default 0 not null,
  max_attempts integer default 12 not null,
  run_at timestamp with time zone default db_now() not null,
  lease_token bigint,
  lease_owner text,
  lease_until timestamp with time zone,
  last_error_class text,
  last_error text,
  created_at timestamp with time zone default db_now() not null,
  finished_at timestamp with time zone,
  resolution text,
  resolution_note text,
  resolved_at timestamp with time zone,
  not_before timestamp with time zone,
  constraint outbox_pkey PRIMARY KEY (id),
  constraint outbox_resolution_check CHECK (resolution = ANY (ARRAY['replayed'::text, 'discarded'::text])),
  constraint outbox_state_check CHECK (state = ANY (ARRAY['pending'::text, 'leased'::text, 'done'::text, 'dead'::text, 'cancelled'::text]))
);
CREATE INDEX outbox_dead ON outbox USING btree (id) WHERE state = 'dead'::text AND resolution IS NULL;
CREATE INDEX outbox_due ON outbox USING btree (run_at, id) WHERE state = 'pending'::text;
CREATE INDEX outbox_expired ON outbox USING btree (lease_until) WHERE state = 'leased'::text;
CREATE INDEX outbox_finished ON outbox USING btree (finished_at) WHERE state = ANY (ARRAY['done'::text, 'cancelled'::text]);
CREATE UNIQUE INDEX outbox_one_lease_per_lane ON outbox USING btree (lane) WHERE state = 'leased'::text;
CREATE UNIQUE INDEX outbox_pending_dedupe ON outbox USING btree (dedupe_key) WHERE state = 'pending'::text;

create table platform_secrets (
  name text not null,
  sealed text not null,
  updated_at timestamp with time zone default db_now() not null,
  constraint platform_secrets_pkey PRIMARY KEY (name)
);

create table project_members (
  project_id uuid not null,
  user_id uuid not null,
  role text not null,
  created_at timestamp with time zone default db_now() not null,
  constraint project_members_pkey PRIMARY KEY (project_id, user_id),
  constraint project_members_project_id_fkey FOREIGN KEY (project_id) REFERENCES projects(id) ON DELETE CASCADE,
  constraint project_members_user_id_fkey FOREIGN KEY (user_id) REFERENCES users(id) ON DELETE RESTRICT,
  constraint project_members_role_check CHECK (role = 'owner'::text)
);
CREATE INDEX project_members_by_user ON project_members USING btree (user_id, project_id DESC);
CREATE UNIQUE INDEX project_members_one_owner ON project_members USING btree (project_id) WHERE role = 'owner'::text;

create table projects (
  id uuid default new_id() not null,
  user_id uuid not null,
  slug text not null,
  name text not null,
  github_repository_id bigint not null,
  repository text not null,
  root_directory text default ''::text not null,
  install_command text,
  build_command text,
  output_directory text,
  node_version text,
  spa boolean,
  webhook_secret_sealed text not null,
  github_hook_id bigint,
  created_at timestamp with time zone default db_now() not null,
  updated_at timestamp with time zone default db_now() not null,
  deleting_at timestamp with time zone,
  watch_paths text[],
  teardown_cursor uuid,
  start_command text,
  runtime text,
  webhook_secret_version integer default 1 not null,
  previous_webhook_secret_sealed text,
  previous_webhook_secret_until timestamp with time zone,
  github_hook_told_at timestamp with time zone,
  constraint projects_pkey PRIMARY KEY (id),
  constraint projects_slug_key UNIQUE (slug),
  constraint projects_user_id_fkey FOREIGN KEY (user_id) REFERENCES users(id) ON DELETE RESTRICT,
  constraint projects_name_check CHECK (length(name) >= 1 AND length(name) <= 100),
  constraint projects_previous_webhook_secret_check CHECK ((previous_webhook_secret_sealed IS NULL) = (previous_webhook_secret_until IS NULL)),
  constraint projects_runtime_check CHECK (runtime = ANY (ARRAY['static'::text, 'node'::text, 'python'::text])),
  constraint projects_slug_check CHECK (slug ~ '^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$'::text AND slug !~ '--'::text),
  constraint projects_watch_paths_check CHECK (cardinality(watch_paths) > 0)
);
CREATE INDEX projects_by_repository ON projects USING btree (github_repository_id);
CREATE INDEX projects_by_user ON projects USING btree (user_id, id DESC);
CREATE INDEX projects_deleting ON projects USING btree (id) WHERE deleting_at IS NOT NULL;
CREATE INDEX projects_previous_webhook_secret ON projects USING btree (previous_webhook_secret_until) WHERE previous_webhook_secret_until IS NOT NULL;
CREATE TRIGGER projects_owner AFTER INSERT ON projects FOR EACH ROW EXECUTE FUNCTION add_owner();

create table rate_limits (
  bucket text not null,
  capacity double precision not null,
  per_second double precision not null,
  tokens double precision not null,
  granted boolean not null,
  filled_at timestamp with time zone not null,
  constraint rate_limits_pkey PRIMARY KEY (bucket)
);

create table refresh_tokens (
  token_sha256 bytea not null,
  session_id uuid not null,
  created_at timestamp with time zone default db_now() not null,
  used_at timestamp with time zone,
  constraint refresh_tokens_pkey PRIMARY KEY (token_sha256),
  constraint refresh_tokens_session_id_fkey FOREIGN KEY (session_id) REFERENCES sessions(id) ON DELETE CASCADE
);
CREATE INDEX refresh_tokens_by_session ON refresh_tokens USING btree (session_id);

create table route_exposures (
  hostname text not null,
  deployment_id uuid not null,
  exposed_at timestamp with time zone default db_now() not null,
  fence bigint not null,
  constraint route_exposures_pkey PRIMARY KEY (hostname, deployment_id),
  constraint route_exposures_deployment_id_fkey FOREIGN KEY (deployment_id) REFERENCES deployments(id) ON DELETE CASCADE,
  constraint route_exposures_hostname_fkey FOREIGN KEY (hostname) REFERENCES routes(hostname) ON DELETE CASCADE
);
CREATE INDEX route_exposures_by_deployment ON route_exposures USING btree (deployment_id);

create table routes (
  hostname text not null,
  project_id uuid not null,
  environment_id uuid not null,
  desired_version bigint default 1 not null,
  published_version bigint default 0 not null,
  published_generation bigint default 0 not null,
  published_deployment_id uuid,
  published_digest bytea,
  published_at timestamp with time zone,
  last_fence bigint default 0 not null,
  verified_at timestamp with time zone,
  constraint routes_pkey PRIMARY KEY (hostname),
  constraint routes_environment_id_fkey FOREIGN KEY (environment_id) REFERENCES environments(id) ON DELETE RESTRICT,
  constraint routes_project_id_fkey FOREIGN KEY (project_id) REFERENCES projects(id) ON DELETE RESTRICT,
  constraint routes_published_deployment_id_fkey FOREIGN KEY (published_deployment_id) REFERENCES deployments(id) ON DELETE SET NULL
);
CREATE INDEX routes_by_environment ON routes USING btree (environment_id);
CREATE INDEX routes_by_verification ON routes USING btree (verified_at NULLS FIRST, hostname);

create table sessions (
  id uuid default new_id() not null,
  user_id uuid not null,
  user_agent text not null,
  address text not null,
  created_at timestamp with time zone default db_now() not null,
  last_used_at timestamp with time zone default db_now() not null,
  expires_at timestamp with time zone not null,
  ended_at timestamp with time zone,
  ended_why text,
  constraint sessions_pkey PRIMARY KEY (id),
  constraint sessions_user_id_fkey FOREIGN KEY (user_id) REFERENCES users(id) ON DELETE CASCADE,
  constraint sessions_check CHECK ((ended_at IS NULL) = (ended_why IS NULL)),
  constraint sessions_ended_why_check CHECK (ended_why = ANY (ARRAY['signed_out'::text, 'ended_elsewhere'::text, 'signed_out_everywhere'::text, 'token_reused'::text, 'user_disabled'::text]))
);
CREATE INDEX sessions_by_expiry ON sessions USING btree (expires_at);
CREATE INDEX sessions_by_user ON sessions USING btree (user_id, id);

create table sign_in_rules (
  kind text not null,
  name text not null,
  created_at timestamp with time zone default db_now() not null,
  constraint sign_in_rules_pkey PRIMARY KEY (kind, name),
  constraint sign_in_rules_kind_check CHECK (kind = ANY (ARRAY['user'::text, 'organisation'::text])),
  constraint sign_in_rules_name_check CHECK (name = lower(name))
);

create table signing_keys (
  kid text not null,
  private_key_sealed text not null,
  public_jwk jsonb not null,
  created_at timestamp with time zone default db_now() not null,
  retired_at timestamp with time zone,
  constraint signing_keys_pkey PRIMARY KEY (kid)
);

create table usage_days (
  user_id uuid not null,
  project_id uuid not null,
  day date not null,
  builds integer default 0 not null,
  build_seconds double precision default 0 not null,
  constraint usage_days_pkey PRIMARY KEY (user_id, day, project_id),
  constraint usage_days_user_id_fkey FOREIGN KEY (user_id) REFERENCES users(id) ON DELETE RESTRICT
);

create table usage_events (
  id uuid default new_id() not null,
  user_id uuid not null,
  project_id uuid not null,
  deployment_id uuid not null,
  attempt integer not null,
  kind text not null,
  amount double precision not null,
  created_at timestamp with time zone default db_now() not null,
  constraint usage_events_pkey PRIMARY KEY (id),
  constraint usage_events_deployment_id_attempt_kind_key UNIQUE (deployment_id, attempt, kind),
  constraint usage_events_user_id_fkey FOREIGN KEY (user_id) REFERENCES users(id) ON DELETE RESTRICT,
  constraint usage_events_amount_check CHECK (amount >= 0::double precision),
  constraint usage_events_kind_check CHECK (kind = ANY (ARRAY['build_seconds'::text, 'stored_bytes'::text]))
);
CREATE INDEX usage_events_by_user ON usage_events USING btree (user_id, created_at);

create table users (
  id uuid default new_id() not null,
  github_id bigint not null,
  github_login text not null,
  github_token_sealed text,
  created_at timestamp with time zone default db_now() not null,
  is_admin boolean default false not null,
  max_active_builds integer default 4 not null,
  max_builds_per_hour integer default 60 not null,
  max_projects integer default 100 not null,
  max_storage_bytes bigint default '10737418240'::bigint not null,
  disabled_at timestamp with time zone,
  github_refresh_token_sealed text,
  github_token_expires_at timestamp with time zone,
  github_renewal_until timestamp with time zone,
  constraint users_pkey PRIMARY KEY (id),
  constraint users_github_id_key UNIQUE (github_id),
  constraint users_max_active_builds_check CHECK (max_active_builds > 0),
  constraint users_max_builds_per_hour_check CHECK (max_builds_per_hour > 0),
  constraint users_max_projects_check CHECK (max_projects > 0),
  constraint users_max_storage_bytes_check CHECK (max_storage_bytes > 0)
);

create table webhook_deliveries (
  id uuid default new_id() not null,
  project_id uuid not null,
  delivery_guid text not null,
  event text not null,
  ref text,
  before_sha text,
  after_sha text,
  pushed_at bigint,
  body_sha256 bytea not null,
  seen_count integer default 1 not null,
  outcome text not null,
  note text,
  deployment_id uuid,
  request_id text not null,
  received_at timestamp with time zone default db_now() not null,
  constraint webhook_deliveries_pkey PRIMARY KEY (id),
  constraint webhook_deliveries_project_id_body_sha256_key UNIQUE (project_id, body_sha256),
  constraint webhook_deliveries_project_id_delivery_guid_key UNIQUE (project_id, delivery_guid),
  constraint webhook_deliveries_deployment_id_fkey FOREIGN KEY (deployment_id) REFERENCES deployments(id) ON DELETE SET NULL,
  constraint webhook_deliveries_project_id_fkey FOREIGN KEY (project_id) REFERENCES projects(id) ON DELETE CASCADE,
  constraint webhook_deliveries_outcome_check CHECK (outcome = ANY (ARRAY['accepted'::text, 'duplicate_head'::text, 'stale'::text, 'skipped'::text, 'ignored'::text]))
);
CREATE INDEX webhook_deliveries_by_age ON webhook_deliveries USING btree (received_at);
CREATE INDEX webhook_deliveries_by_deployment ON webhook_deliveries USING btree (deployment_id);

create view protected_deployments as
 SELECT environments.current_deployment_id AS id
   FROM environments
  WHERE environments.current_deployment_id IS NOT NULL
UNION
 SELECT routes.published_deployment_id AS id
   FROM routes
  WHERE routes.published_deployment_id IS NOT NULL
UNION
 SELECT route_exposures.deployment_id AS id
   FROM route_exposures
  WHERE route_exposures.exposed_at > (db_now() - '01:00:00'::interval)
UNION
 SELECT deployments.id
   FROM deployments
  WHERE deployments.pinned_at IS NOT NULL;

CREATE OR REPLACE FUNCTION public.add_owner()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  insert into project_members (project_id, user_id, role, created_at) values (new.id, new.user_id, 'owner', new.created_at);
  return null;
end $function$;

CREATE OR REPLACE FUNCTION public.db_now()
 RETURNS timestamp with time zone
 LANGUAGE sql
 STABLE
AS $function$ select now() + coalesce((select shift from clock_shift), interval '0') $function$;

-- Its body depends on the version of Postgres: see the migration.
CREATE FUNCTION new_id() RETURNS uuid;

CREATE OR REPLACE FUNCTION public.outbox_backoff(p_attempts integer)
 RETURNS interval
 LANGUAGE sql
AS $function$
  select make_interval(secs => greatest(0.5, random() * least(600, power(2, least(p_attempts, 12)))))
$function$;

CREATE OR REPLACE FUNCTION public.outbox_claim(p_owner text, p_limit integer, p_lease interval, p_topics text[])
 RETURNS SETOF outbox
 LANGUAGE plpgsql
 SET plan_cache_mode TO 'force_generic_plan'
 SET enable_seqscan TO 'off'
 SET enable_sort TO 'off'
AS $function$
declare
  waiting constant text := 'pending';
  chosen uuid[];
begin
  -- The longest due of each lane that nobody else is claiming from. More are looked at than wanted, for lanes repeat.
  with due as materialized (
    select o.id, o.lane, o.run_at from outbox o
     where o.state = 'pending' and o.run_at <= db_now() and o.topic = any (p_topics)
       and o.lane <> all (array(select b.lane from outbox b where b.state = 'leased'))
     order by o.run_at, o.id
     limit p_limit * 4
  ), first_of_lane as materialized (
    select * from (select distinct on (lane) * from due order by lane, run_at, id) as firsts order by run_at, id
  ), locked as (
    select id from first_of_lane where pg_try_advisory_xact_lock(hashtextextended(lane, 42)) limit p_limit
  )
  select array_agg(id) into chosen from locked;
  if chosen is null then return; end if;

  -- A statement of its own, so that it sees what was committed before we got the locks.
  return query
  with mine as materialized (
    select o.id from outbox o
     where o.id = any (chosen) and o.state = waiting and o.run_at <= db_now()
       and o.lane <> all (array(select b.lane from outbox b where b.state = 'leased'))
       for update skip locked
  ), leased as (
    update outbox o
       set state = 'leased', attempts = o.attempts + 1, lease_token = nextval('fence_seq'),
           lease_owner = p_owner, lease_until = db_now() + p_lease
     where o.id = any (array(select id from mine))
    returning o.*
  )
  select * from leased order by run_at, id;
end $function$;

CREATE OR REPLACE FUNCTION public.outbox_fail(p_id uuid, p_token bigint, p_class text, p_error text, p_retry boolean, p_after interval DEFAULT NULL::interval, p_extra_attempts integer DEFAULT 0)
 RETURNS text
 LANGUAGE plpgsql
AS $function$
declare
  failed outbox;
  again timestamptz;
  new_state text;
begin
  select * into failed from outbox where id = p_id and state = 'leased' and lease_token = p_token for update;
  if not found then return null; end if;
  again := db_now() + coalesce(p_after, outbox_backoff(failed.attempts));
  new_state := case
    when p_retry and (p_extra_attempts is null or failed.attempts < failed.max_attempts + p_extra_attempts) then 'pending' else 'dead' end;
  update outbox set
    state = new_state, run_at = again, not_before = again, lease_until = null, lease_token = null,
    last_error_class = p_class, last_error = left(p_error, 2000),
    finished_at = case when new_state = 'dead' then db_now() end
  where id = p_id;
  return new_state;
exception when unique_violation then
  -- It was asked for again while it was worked on. The newer message takes over the wait and the count: else both would end here.
  update outbox set state = 'cancelled', finished_at = db_now(), lease_until = null, lease_token = null,
                    last_error_class = p_class, last_error = left(p_error, 2000)
   where id = p_id and state = 'leased' and lease_token = p_token;
  -- What failed was undone, and with it the lock.
  if not found then return null; end if;
  update outbox set run_at = greatest(run_at, again), not_before = again, attempts = greatest(attempts, failed.attempts),
                    last_error_class = p_class, last_error = left(p_error, 2000)
   where dedupe_key = failed.dedupe_key and state = 'pending';
  return 'cancelled';
end $function$;

CREATE OR REPLACE FUNCTION public.outbox_finish(p_id uuid, p_token bigint)
 RETURNS boolean
 LANGUAGE plpgsql
AS $function$
begin
  update outbox set state = 'done', finished_at = db_now(), lease_until = null
   where id = p_id and state = 'leased' and lease_token = p_token;
  return found;
end $function$;

CREATE OR REPLACE FUNCTION public.outbox_finish(p_ids uuid[], p_tokens bigint[])
 RETURNS SETOF bigint
 LANGUAGE plpgsql
 SET plan_cache_mode TO 'force_generic_plan'
 SET enable_seqscan TO 'off'
AS $function$
declare
  held constant text := 'leased';
begin
  return query
  update outbox set state = 'done', finished_at = db_now(), lease_until = null
   where id = any (p_ids) and state = held and lease_token = any (p_tokens)
  returning lease_token;
end $function$;

CREATE OR REPLACE FUNCTION public.outbox_reap()
 RETURNS integer
 LANGUAGE plpgsql
AS $function$
declare
  expired record;
  reaped integer := 0;
begin
  for expired in
    select id, lease_token from outbox where state = 'leased' and lease_until < db_now() for update skip locked
  loop
    perform outbox_fail(expired.id, expired.lease_token, 'lease_expired', 'the worker vanished', true, null, null);
    reaped := reaped + 1;
  end loop;
  return reaped;
end $function$;

CREATE OR REPLACE FUNCTION public.refuse_change()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  raise exception '% is append-only', tg_table_name using errcode = 'check_violation';
end $function$;

CREATE OR REPLACE FUNCTION public.refuse_lower_fences()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  if new.next_seq < old.next_seq or new.generation < old.generation or new.activated_seq < old.activated_seq then
    raise exception 'environment %: next_seq, generation and activated_seq never decrease', old.id
      using errcode = 'check_violation';
  end if;
  return new;
end $function$;
