-- Up Migration

-- A hostname and the environment it shows. `desired_version` is bumped whenever anything that shapes the edge value
-- changes; publishing is finished when `published_version` has caught up.
create table routes (
  hostname text primary key,
  project_id uuid not null references projects on delete restrict,
  environment_id uuid not null references environments on delete restrict,
  desired_version bigint not null default 1,
  published_version bigint not null default 0,
  published_generation bigint not null default 0,
  published_deployment_id uuid references deployments on delete set null,
  published_digest bytea,
  published_at timestamptz,
  -- Fencing token of the last worker that may have written the value.
  last_fence bigint not null default 0
);
create index routes_by_environment on routes (environment_id);

-- Written before any call that may expose the deployment: what is here for the last hour is never deleted.
create table route_exposures (
  hostname text not null references routes on delete cascade,
  deployment_id uuid not null references deployments on delete cascade,
  exposed_at timestamptz not null default db_now(),
  fence bigint not null,
  primary key (hostname, deployment_id)
);

-- What cleanup may never touch. One hour covers a signed request still under way (15 minutes), the edge's propagation
-- (5 minutes) and a margin.
create view protected_deployments as
  select current_deployment_id as id from environments where current_deployment_id is not null
  union select published_deployment_id from routes where published_deployment_id is not null
  union select deployment_id from route_exposures where exposed_at > db_now() - interval '1 hour';

-- Down Migration

drop view protected_deployments;
drop table route_exposures;
drop table routes;
