-- Up Migration

-- A rotation replaces the webhook secret. The one before it is accepted for a while longer, because GitHub has yet to be given the new one.
alter table projects add column webhook_secret_version integer not null default 1;
alter table projects add column previous_webhook_secret_sealed text;
alter table projects add column previous_webhook_secret_until timestamptz;
alter table projects add constraint projects_previous_webhook_secret_check
  check ((previous_webhook_secret_sealed is null) = (previous_webhook_secret_until is null));
create index projects_previous_webhook_secret on projects (previous_webhook_secret_until)
 where previous_webhook_secret_until is not null;

-- When GitHub was last given the current secret; null: as far as is known it has an earlier one, or none.
alter table projects add column github_hook_told_at timestamptz;
update projects set github_hook_told_at = db_now() where github_hook_id is not null;

-- Down Migration

alter table projects drop column github_hook_told_at;
drop index projects_previous_webhook_secret;
alter table projects drop constraint projects_previous_webhook_secret_check;
alter table projects drop column previous_webhook_secret_until;
alter table projects drop column previous_webhook_secret_sealed;
alter table projects drop column webhook_secret_version;
