-- Up Migration

-- A content that is being deleted: the row outlives the object. Nothing is known of what lies there, so it is not verified.
alter table blobs add column doomed_at timestamptz;
alter table blobs add constraint blobs_doomed_check check (doomed_at is null or verified_at is null);
create index blobs_doomed on blobs (project_id) where doomed_at is not null;

-- An account's storage is summed over contents that are promised as well as over those that were verified.
drop index blobs_stored;
create index blobs_stored on blobs (project_id) include (bytes, verified_at);

-- Where the sweep of contents has got to: it begins with the projects that have waited longest, and finds nothing new in one of
-- which nothing has happened since it last went through all of it.
create table content_sweeps (
  project_id uuid primary key references projects (id) on delete cascade,
  begun_at timestamptz not null,
  -- When the last sweep that got to the end began.
  swept_at timestamptz
);

-- Down Migration

drop table content_sweeps;
drop index blobs_stored;
create index blobs_stored on blobs (project_id) include (bytes) where verified_at is not null;
drop index blobs_doomed;
alter table blobs drop constraint blobs_doomed_check;
alter table blobs drop column doomed_at;
