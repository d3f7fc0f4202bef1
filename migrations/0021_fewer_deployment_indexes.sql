-- Up Migration

-- Each is written with every push and every change of status; the lists they served are found by the project's own index, of
-- which a filter reads what it leaves out: some thousands of rows at most.
drop index deployments_by_status;
drop index deployments_by_branch;

-- Down Migration

create index deployments_by_status on deployments (project_id, status, id desc);
create index deployments_by_branch on deployments (project_id, branch, id desc);
