-- Up Migration

-- Desired state and the message that will make it true are committed together. Handlers read the current desired state,
-- so a message that comes twice, late or coalesced does no harm.
create sequence fence_seq;

create table outbox (
  id uuid primary key default new_id(),
  topic text not null,
  -- Mutual exclusion: at most one leased message per lane.
  lane text not null,
  dedupe_key text not null,
  -- Ids only.
  payload jsonb not null default '{}',
  request_id text not null,
  state text not null default 'pending' check (state in ('pending', 'leased', 'done', 'dead', 'cancelled')),
  attempts integer not null default 0,
  max_attempts integer not null default 12,
  run_at timestamptz not null default db_now(),
  lease_token bigint,
  lease_owner text,
  lease_until timestamptz,
  last_error_class text,
  last_error text,
  created_at timestamptz not null default db_now(),
  finished_at timestamptz
);
create unique index outbox_pending_dedupe on outbox (dedupe_key) where state = 'pending';
create unique index outbox_one_lease_per_lane on outbox (lane) where state = 'leased';
create index outbox_due on outbox (run_at, id) where state = 'pending';
create index outbox_expired on outbox (lease_until) where state = 'leased';
create index outbox_dead on outbox (id) where state = 'dead';
create index outbox_finished on outbox (finished_at) where state in ('done', 'cancelled');

-- Coalesces with a pending row only: a leased one may already have read the old state.
create function outbox_enqueue(
  p_topic text, p_lane text, p_dedupe text, p_payload jsonb, p_request_id text,
  p_delay interval default '0', p_max_attempts integer default 12
) returns uuid language sql as $$
  insert into outbox (topic, lane, dedupe_key, payload, request_id, run_at, max_attempts)
  values (p_topic, p_lane, p_dedupe, p_payload, p_request_id, db_now() + p_delay, p_max_attempts)
  on conflict (dedupe_key) where state = 'pending'
  do update set run_at = least(outbox.run_at, excluded.run_at), request_id = excluded.request_id
  returning id
$$;

-- One lease per lane and a fencing token per claim. The advisory lock is per transaction, so it works behind a
-- transaction-pooling proxy; the unique index on leased lanes is the backstop.
-- The settings keep it a walk along outbox_due. A plan made while the outbox was empty, and kept, reads the whole outbox for every
-- message of a burst: claims took longer than a statement may, until the next ANALYZE.
create function outbox_claim(p_owner text, p_limit integer, p_lease interval, p_topics text[])
returns setof outbox language plpgsql
  set plan_cache_mode = force_custom_plan set enable_seqscan = off set enable_sort = off as $$
declare
  chosen uuid[];
begin
  -- The longest due of each lane that nobody else is claiming from. More are looked at than wanted, for lanes repeat.
  with due as materialized (
    select o.id, o.lane, o.run_at from outbox o
     where o.state = 'pending' and o.run_at <= db_now() and o.topic = any (p_topics)
       and not exists (select 1 from outbox b where b.lane = o.lane and b.state = 'leased')
     order by o.run_at, o.id
     limit p_limit * 4
  ), first_of_lane as materialized (
    select * from (select distinct on (lane) * from due order by lane, run_at, id) as firsts order by run_at, id
  ), locked as (
    select id from first_of_lane where pg_try_advisory_xact_lock(hashtextextended(lane, 42)) limit p_limit
  )
  select array_agg(id) into chosen from locked;

  -- A statement of its own, so that it sees what was committed before we got the locks.
  return query
  with mine as materialized (
    select o.id from outbox o
     where o.id = any (chosen) and o.state = 'pending' and o.run_at <= db_now()
       and not exists (select 1 from outbox b where b.lane = o.lane and b.state = 'leased')
       for update skip locked
  ), leased as (
    update outbox o
       set state = 'leased', attempts = o.attempts + 1, lease_token = nextval('fence_seq'),
           lease_owner = p_owner, lease_until = db_now() + p_lease
      from mine where o.id = mine.id
    returning o.*
  )
  select * from leased order by run_at, id;
end $$;

-- Only the current holder of the lease may finish. False: the lease is lost; roll everything back.
create function outbox_finish(p_id uuid, p_token bigint) returns boolean language plpgsql as $$
begin
  update outbox set state = 'done', finished_at = db_now(), lease_until = null
   where id = p_id and state = 'leased' and lease_token = p_token;
  return found;
end $$;

-- Full jitter between half a second and ten minutes.
create function outbox_backoff(p_attempts integer) returns interval language sql volatile as $$
  select make_interval(secs => greatest(0.5, random() * least(600, power(2, least(p_attempts, 12)))))
$$;

-- A failed try: pending again, or dead after the last one. Returns the new state, or null when the lease is lost.
create function outbox_fail(
  p_id uuid, p_token bigint, p_class text, p_error text, p_retry boolean, p_after interval default null,
  p_extra_attempts integer default 0
) returns text language plpgsql as $$
declare
  new_state text;
begin
  update outbox set
    state = case when p_retry and attempts < max_attempts + p_extra_attempts then 'pending' else 'dead' end,
    run_at = db_now() + coalesce(p_after, outbox_backoff(attempts)),
    lease_until = null, lease_token = null,
    last_error_class = p_class, last_error = left(p_error, 2000),
    finished_at = case when p_retry and attempts < max_attempts + p_extra_attempts then null else db_now() end
  where id = p_id and state = 'leased' and lease_token = p_token
  returning state into new_state;
  return new_state;
exception when unique_violation then
  -- A newer pending twin exists: this one is redundant.
  update outbox set state = 'cancelled', finished_at = db_now(), lease_until = null, lease_token = null
   where id = p_id and state = 'leased' and lease_token = p_token;
  return 'cancelled';
end $$;

-- Gives back what vanished workers held. A message whose last try vanished gets a few more: giving it up has consequences that
-- only a worker can write. What kills its worker every time ends here after all.
create function outbox_reap() returns integer language plpgsql as $$
declare
  expired record;
  reaped integer := 0;
begin
  for expired in
    select id, lease_token from outbox where state = 'leased' and lease_until < db_now() for update skip locked
  loop
    perform outbox_fail(expired.id, expired.lease_token, 'lease_expired', 'the worker vanished', true, null, 3);
    reaped := reaped + 1;
  end loop;
  return reaped;
end $$;

-- Down Migration

drop function outbox_reap();
drop function outbox_fail(uuid, bigint, text, text, boolean, interval, integer);
drop function outbox_backoff(integer);
drop function outbox_finish(uuid, bigint);
drop function outbox_claim(text, integer, interval, text[]);
drop function outbox_enqueue(text, text, text, jsonb, text, interval, integer);
drop table outbox;
drop sequence fence_seq;
