/** Permissions of a credential: one row per resource, with its actions. `read` changes nothing, `deploy` can make something live. */
const scopeTable = {
  account: ['read'],
  repositories: ['read'],
  projects: ['read', 'write'],
  deployments: ['read', 'deploy'],
  variables: ['read', 'write'],
  hooks: ['read', 'write'],
  usage: ['read'],
  audit: ['read'],
  /** For admins of the platform only. */
  platform: ['read', 'write'],
} as const;

type ScopeTable = typeof scopeTable;
type Resource = keyof ScopeTable;
/** `resource:action`. */
export type Scope = { [Each in Resource]: `${Each}:${ScopeTable[Each][number]}` }[Resource];

export const scopes = Object.entries(scopeTable).flatMap(([resource, actions]) =>
  actions.map((action) => `${resource}:${action}` as Scope),
);

/** The default scopes of a new token. */
export const readOnlyScopes = scopes.filter((scope) => scope.endsWith(':read') && !scope.startsWith('platform:'));
