import type { Scope } from '@miaobu/shared/contracts/scopes';

/** What each scope lets a program do, for a person who is asked. */
export const scopeWords: Readonly<Record<Scope, string>> = {
  'account:read': 'See who you are',
  'repositories:read': 'See your repositories at GitHub',
  'projects:read': 'See your projects',
  'projects:write': 'Make, change and delete projects',
  'deployments:read': 'See deployments and their logs',
  'deployments:deploy': 'Deploy, promote and roll back',
  'variables:read': 'See the names of environment variables',
  'variables:write': 'Set environment variables',
  'hooks:read': 'See deploy hooks',
  'hooks:write': 'Make and delete deploy hooks',
  'usage:read': 'See what your projects use',
  'audit:read': 'See the audit log',
  'platform:read': 'See everything of the platform',
  'platform:write': 'Run the platform: users, sign-in, dead letters',
};
