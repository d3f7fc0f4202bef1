-- Up Migration

-- Ids are UUIDv7, so that they sort by time. Postgres 18 has uuidv7(); older servers get the same layout by hand
-- (RFC 9562: 48 bits of milliseconds, version, 12 + 62 random bits).
do $$
begin
  if current_setting('server_version_num')::int >= 180000 then
    create function new_id() returns uuid language sql volatile as 'select uuidv7()';
  else
    create function new_id() returns uuid language sql volatile as $f$
      select encode(
        set_byte(
          overlay(uuid_send(gen_random_uuid())
            placing substring(int8send((extract(epoch from clock_timestamp()) * 1000)::bigint) from 3) from 1 for 6),
          6,
          (b'0111' || get_byte(uuid_send(gen_random_uuid()), 6)::bit(4))::bit(8)::int
        ), 'hex')::uuid
    $f$;
  end if;
end $$;

-- The one clock. Leases, deadlines and expiries compare with db_now() only; a test moves it by a row in clock_shift,
-- for every connection at once. The table is empty in production.
create table clock_shift (
  only_row boolean primary key default true check (only_row),
  shift interval not null
);
create function db_now() returns timestamptz language sql stable as
  $$ select now() + coalesce((select shift from clock_shift), interval '0') $$;

-- Secrets of the platform itself (the token that starts builds, …), sealed with the root key.
create table platform_secrets (
  name text primary key,
  sealed text not null,
  updated_at timestamptz not null default db_now()
);

create table users (
  id uuid primary key default new_id(),
  github_id bigint not null unique,
  github_login text not null,
  github_token_sealed text,
  created_at timestamptz not null default db_now()
);

create table api_tokens (
  id uuid primary key default new_id(),
  user_id uuid not null references users on delete cascade,
  name text not null,
  -- What a person recognises it by: the first characters, never enough to use it.
  prefix text not null,
  token_sha256 bytea not null unique,
  last_used_at timestamptz,
  expires_at timestamptz,
  revoked_at timestamptz,
  created_at timestamptz not null default db_now()
);
create index api_tokens_by_user on api_tokens (user_id, id);

-- Down Migration

drop table api_tokens;
drop table users;
drop table platform_secrets;
drop function db_now();
drop table clock_shift;
drop function new_id();
