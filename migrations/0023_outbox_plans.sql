-- Up Migration

-- To plan a claim anew took longer than to make it. Now it is planned once a connection, and so that there is only one way to do it,
-- however full the outbox was at that moment: what is due by a walk along outbox_due, what is chosen by its ids, what is under lease from one
-- of the small indexes on that. (A variable for the state keeps the indexes on 'pending' and 'leased' from being taken for a search by ids;
-- "<> all (array(...))" cannot become a join.)
create or replace function outbox_claim(p_owner text, p_limit integer, p_lease interval, p_topics text[])
returns setof outbox language plpgsql
  set plan_cache_mode = force_generic_plan set enable_seqscan = off set enable_sort = off as $$
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
end $$;

-- Only the current holders of the leases may finish; returned are the tokens of those that are. Whoever misses one rolls everything back.
-- A token is one message's alone. The function for a single message stays for as long as code that calls it can come back.
create function outbox_finish(p_ids uuid[], p_tokens bigint[]) returns setof bigint language plpgsql
  set plan_cache_mode = force_generic_plan set enable_seqscan = off as $$
declare
  held constant text := 'leased';
begin
  return query
  update outbox set state = 'done', finished_at = db_now(), lease_until = null
   where id = any (p_ids) and state = held and lease_token = any (p_tokens)
  returning lease_token;
end $$;

-- Down Migration

drop function outbox_finish(uuid[], bigint[]);
create or replace function outbox_claim(p_owner text, p_limit integer, p_lease interval, p_topics text[])
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
