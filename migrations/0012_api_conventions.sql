-- Up Migration

-- Token buckets, shared by all instances. Losing them in a crash of the server costs nobody anything.
create unlogged table rate_limits (
  bucket text primary key,
  capacity double precision not null,
  per_second double precision not null,
  -- How many were left at filled_at.
  tokens double precision not null,
  -- Whether the last who asked got what they wanted.
  granted boolean not null,
  filled_at timestamptz not null
) with (fillfactor = 50);

-- What a POST with an Idempotency-Key was answered, for as long as it is remembered. Without an answer it is under way, or its
-- instance has crashed: from locked_until on the key is free again.
create table idempotency_keys (
  principal text not null,
  key text not null,
  operation text not null,
  request_sha256 bytea not null,
  claim uuid not null,
  locked_until timestamptz not null,
  -- Status, headers and body, sealed: an answer may hold a secret that is shown once.
  answer_sealed text,
  created_at timestamptz not null default db_now(),
  primary key (principal, key)
);
create index idempotency_keys_by_age on idempotency_keys (created_at);

-- The streams of events a user has open: slots, held by a lease that the stream renews.
create unlogged table event_streams (
  user_id uuid not null,
  slot integer not null,
  stream uuid not null,
  held_until timestamptz not null,
  primary key (user_id, slot)
);

-- Down Migration

drop table event_streams;
drop table idempotency_keys;
drop table rate_limits;
