-- Up Migration

-- What a token may do, as `resource:action`, and the only projects it is for (null: all of its user's).
alter table api_tokens add column scopes text[] not null default '{}';
alter table api_tokens add column project_ids uuid[];
-- Tokens of before could do everything.
update api_tokens set scopes = array[
  'account:read', 'repositories:read', 'projects:read', 'projects:write', 'deployments:read', 'deployments:deploy', 'variables:read',
  'variables:write', 'hooks:read', 'hooks:write', 'usage:read', 'audit:read', 'platform:read', 'platform:write'];

-- Down Migration

alter table api_tokens drop column project_ids;
alter table api_tokens drop column scopes;
