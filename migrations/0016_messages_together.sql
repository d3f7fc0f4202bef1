-- Up Migration

-- Messages are put in by one statement for all of a transaction.
drop function outbox_enqueue(text, text, text, jsonb, text, interval, integer);

-- Down Migration

create function outbox_enqueue(
  p_topic text, p_lane text, p_dedupe text, p_payload jsonb, p_request_id text,
  p_delay interval default interval '0', p_max_attempts integer default 12
) returns uuid language sql as $$
  insert into outbox (topic, lane, dedupe_key, payload, request_id, run_at, max_attempts)
  values (p_topic, p_lane, p_dedupe, p_payload, p_request_id, db_now() + p_delay, p_max_attempts)
  on conflict (dedupe_key) where state = 'pending'
  do update set run_at = least(outbox.run_at, excluded.run_at), request_id = excluded.request_id
  returning id
$$;
