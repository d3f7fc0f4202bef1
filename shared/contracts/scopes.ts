/** What a credential may be allowed to do: one row a resource, with the actions it has. `read` changes nothing, `deploy` puts something live. */
const scopeTable = {
  account: ['read'],
  repositories: ['read'],
  projects: ['read', 'write'],
  deployments: ['read', 'deploy'],
  variables: ['read', 'write'],
  hooks: ['read', 'write'],
  usage: ['read'],
  audit: ['read'],
  /** For those who run the platform only. */
  platform: ['read', 'write'],
} as const;

type ScopeTable = typeof scopeTable;
type Resource = keyof ScopeTable;
/** `resource:action`. */
export type Scope = { [Each in Resource]: `${Each}:${ScopeTable[Each][number]}` }[Resource];

export const scopes = Object.entries(scopeTable).flatMap(([resource, actions]) =>
  actions.map((action) => `${resource}:${action}` as Scope),
);

/** What a new token may do unless its owner says otherwise. */
export const readOnlyScopes = scopes.filter((scope) => scope.endsWith(':read') && !scope.startsWith('platform:'));
