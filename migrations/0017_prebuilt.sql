-- Up Migration

-- A folder that somebody uploaded is a deployment like any other, but it is of no commit and no branch.
alter table deployments drop constraint deployments_trigger_check;
alter table deployments add constraint deployments_trigger_check
  check (trigger in ('push', 'import', 'manual', 'redeploy', 'reconcile', 'hook', 'upload'));
alter table deployments
  alter column branch drop not null,
  alter column commit_sha drop not null,
  add constraint deployments_of_commit_or_upload check (
    case when trigger = 'upload' then branch is null and commit_sha is null and not from_head
         else branch is not null and commit_sha is not null end
  );

-- Down Migration

-- What was uploaded stays, of git's "no commit".
update deployments set trigger = 'manual', branch = '', commit_sha = repeat('0', 40) where trigger = 'upload';
alter table deployments
  drop constraint deployments_of_commit_or_upload,
  alter column branch set not null,
  alter column commit_sha set not null;
alter table deployments drop constraint deployments_trigger_check;
alter table deployments add constraint deployments_trigger_check
  check (trigger in ('push', 'import', 'manual', 'redeploy', 'reconcile', 'hook'));
