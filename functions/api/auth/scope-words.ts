import type { Scope } from '@miaobu/shared/contracts/scopes';

/** What each scope permits, for the user who is asked to approve it. */
export const scopeWords: Readonly<Record<Scope, string>> = {
  'account:read': 'See who you are',
  'repositories:read': 'See your repositories on GitHub',
  'projects:read': 'See your projects',
  'projects:write': 'Create, change and delete projects',
  'deployments:read': 'See deployments and their logs',
  'deployments:deploy': 'Deploy, promote and roll back',
  'variables:read': 'See environment variables, but not the values of secrets',
  'variables:write': 'Set environment variables',
  'hooks:read': 'See deploy hooks',
  'hooks:write': 'Create and delete deploy hooks',
  'usage:read': 'See what your projects use',
  'audit:read': 'See the audit log',
  'platform:read': 'See all users and the state of the platform',
  'platform:write': 'Run the platform: users, sign-in rules, limits, keys, dead letters',
};
