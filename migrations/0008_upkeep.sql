-- Up Migration

-- When Edge KV was last read and compared with what is wanted. The scrub takes the oldest first.
alter table routes add column verified_at timestamptz;
create index routes_by_verification on routes (verified_at nulls first, hostname);

-- A failed, cancelled or purged deployment of which nothing is left outside. What a late upload left is looked for until then.
alter table deployments add column emptied_at timestamptz;
create index deployments_to_empty on deployments (finished_at)
  where emptied_at is null and status in ('failed', 'cancelled', 'purged');

-- The last deployment whose routing table and log a teardown has deleted: after a crash it goes on from here.
alter table projects add column teardown_cursor uuid;
create index projects_deleting on projects (id) where deleting_at is not null;

-- What is deleted with a deployment, or for its age.
create index webhook_deliveries_by_deployment on webhook_deliveries (deployment_id);
create index webhook_deliveries_by_age on webhook_deliveries (received_at);
create index route_exposures_by_deployment on route_exposures (deployment_id);

-- Down Migration

drop index route_exposures_by_deployment;
drop index webhook_deliveries_by_age;
drop index webhook_deliveries_by_deployment;
drop index projects_deleting;
alter table projects drop column teardown_cursor;
drop index deployments_to_empty;
alter table deployments drop column emptied_at;
drop index routes_by_verification;
alter table routes drop column verified_at;
