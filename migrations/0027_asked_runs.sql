-- Up Migration

-- When the provider was last asked about the attempt's run. One that does not report is asked about once a minute, whoever wakes us up.
alter table build_attempts add column run_asked_at timestamptz;

-- Down Migration

alter table build_attempts drop column run_asked_at;
