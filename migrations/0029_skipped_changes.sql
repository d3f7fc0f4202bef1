-- Up Migration

-- Whether the heads skipped since the newest deployment of the branch contain, or may contain, changes that the project watches.
alter table environments add column skipped_changes boolean not null default false;
-- Not known of those already skipped.
update environments set skipped_changes = true where skipped_sha is not null;

-- Down Migration

alter table environments drop column skipped_changes;
