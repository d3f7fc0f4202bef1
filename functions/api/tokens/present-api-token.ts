import type { ApiToken as ApiTokenJson } from '@miaobu/shared/contracts/tokens';
import { showId } from '@miaobu/shared/kernel/ids';
import type { ApiToken } from '@miaobu/shared/model/account/api-token-repository';

/** Field by field, so that nothing secret leaks. */
export const presentApiToken = (token: ApiToken): ApiTokenJson => ({
  id: showId('apiToken', token.id),
  name: token.name,
  prefix: token.prefix,
  scopes: [...token.scopes],
  project_ids: token.projectIds?.map((id) => showId('project', id)) ?? null,
  expires_at: token.expiresAt?.toISOString() ?? null,
  last_used_at: token.lastUsedAt?.toISOString() ?? null,
  created_at: token.createdAt.toISOString(),
});
