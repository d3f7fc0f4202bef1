-- Up Migration

-- A disabled user's sessions are over and their tokens are refused.
alter table users add column disabled_at timestamptz;
-- Only tokens of a GitHub App end, and come with another that gets the next.
alter table users add column github_refresh_token_sealed text;
alter table users add column github_token_expires_at timestamptz;

-- Who may sign in besides those who are known: users and members of organisations at GitHub, by their names in lower case.
create table sign_in_rules (
  kind text not null check (kind in ('user', 'organisation')),
  name text not null check (name = lower(name)),
  created_at timestamptz not null default db_now(),
  primary key (kind, name)
);

-- One browser that is signed in. It ends by itself when it is not used for seven days.
create table sessions (
  id uuid primary key default new_id(),
  user_id uuid not null references users on delete cascade,
  user_agent text not null,
  address text not null,
  created_at timestamptz not null default db_now(),
  last_used_at timestamptz not null default db_now(),
  expires_at timestamptz not null,
  ended_at timestamptz,
  ended_why text check (ended_why in ('signed_out', 'ended_elsewhere', 'signed_out_everywhere', 'token_reused', 'user_disabled')),
  check ((ended_at is null) = (ended_why is null))
);
create index sessions_by_user on sessions (user_id, id);
create index sessions_by_expiry on sessions (expires_at);

-- The tokens a session was continued with, one after the other; all but the last are used.
create table refresh_tokens (
  token_sha256 bytea primary key,
  session_id uuid not null references sessions on delete cascade,
  created_at timestamptz not null default db_now(),
  used_at timestamptz
);
create index refresh_tokens_by_session on refresh_tokens (session_id);

-- Browsers that were sent to GitHub and have not come back.
create table login_attempts (
  state_sha256 bytea primary key,
  -- Of the cookie that only the browser that began has.
  browser_sha256 bytea not null,
  -- PKCE (RFC 7636).
  verifier_sealed text not null,
  next_path text not null,
  expires_at timestamptz not null,
  used_at timestamptz
);
create index login_attempts_by_expiry on login_attempts (expires_at);

-- What access tokens are signed with. The newest signs; those before verify until they are retired.
create table signing_keys (
  kid text primary key,
  private_key_sealed text not null,
  public_jwk jsonb not null,
  created_at timestamptz not null default db_now(),
  retired_at timestamptz
);

-- Programs that wait for a person to let them in (RFC 8628).
create table device_logins (
  id uuid primary key default new_id(),
  device_code_sha256 bytea not null unique,
  -- What the person compares and types; worth nothing without a session.
  user_code text not null unique,
  client_name text not null,
  address text not null,
  created_at timestamptz not null default db_now(),
  expires_at timestamptz not null,
  last_polled_at timestamptz,
  interval_seconds integer not null,
  user_id uuid references users on delete cascade,
  scopes text[],
  approved_at timestamptz,
  denied_at timestamptz,
  redeemed_at timestamptz,
  check (approved_at is null or (user_id is not null and scopes is not null)),
  check (approved_at is null or denied_at is null),
  check (redeemed_at is null or approved_at is not null)
);
create index device_logins_by_expiry on device_logins (expires_at);

-- Down Migration

drop table device_logins;
drop table signing_keys;
drop table login_attempts;
drop table refresh_tokens;
drop table sessions;
drop table sign_in_rules;
alter table users drop column github_token_expires_at;
alter table users drop column github_refresh_token_sealed;
alter table users drop column disabled_at;
