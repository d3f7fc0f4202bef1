-- Up Migration

-- What a newer push supersedes, however much an environment has behind it.
create index deployments_queued on deployments (environment_id) where status = 'queued';

-- Down Migration

drop index deployments_queued;
