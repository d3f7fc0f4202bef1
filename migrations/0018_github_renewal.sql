-- Up Migration

-- Somebody is getting the next token of a GitHub App, or has failed to, a moment ago; until then nobody else asks.
alter table users add column github_renewal_until timestamptz;

-- Down Migration

alter table users drop column github_renewal_until;
