-- Up Migration

-- A push that changes nothing here is recorded and not deployed. Null means the root directory.
alter table projects add column watch_paths text[] check (cardinality(watch_paths) > 0);

-- Down Migration

alter table projects drop column watch_paths;
