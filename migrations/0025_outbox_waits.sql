-- Up Migration

-- How long a message that failed has to wait. Asking for it again meanwhile says nothing about whether the provider is well, so it neither
-- shortens the wait nor uses up a try. That holds for a time that a provider named and for our own backoff: what asks again is most often a
-- timer. Whoever works on the message reads the state of that moment, so nothing that was asked for in between is missed.
alter table outbox add column not_before timestamptz;

-- `p_extra_attempts`: so many more tries than usual; null: no end to them.
create or replace function outbox_fail(
  p_id uuid, p_token bigint, p_class text, p_error text, p_retry boolean, p_after interval default null, p_extra_attempts integer default 0
) returns text language plpgsql as $$
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
end $$;

-- Buries nothing any more: what giving a message up means is known to its worker, who is also the one to tell of it.
create or replace function outbox_reap() returns integer language plpgsql as $$
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
end $$;

-- Down Migration

create or replace function outbox_reap() returns integer language plpgsql as $$
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

create or replace function outbox_fail(
  p_id uuid, p_token bigint, p_class text, p_error text, p_retry boolean, p_after interval default null, p_extra_attempts integer default 0
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

alter table outbox drop column not_before;
