-- Up Migration

-- What a project's owner decides of a program that answers requests. null: it is detected; no start command at all: it is a site.
alter table projects
  add column start_command text,
  add column runtime text check (runtime in ('static', 'node', 'python'));

-- Down Migration

alter table projects drop column start_command, drop column runtime;
