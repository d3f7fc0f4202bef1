-- Up Migration

-- How much text of an attempt's log was taken. One above the limit: it was cut there.
alter table build_attempts add column log_bytes bigint not null default 0;

-- Down Migration

alter table build_attempts drop column log_bytes;
