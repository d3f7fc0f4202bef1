import type { Store } from '@miaobu/shared/model/repositories';
import type { Operation } from '../operation.ts';
import { pageOf, readCursor } from '../page-of.ts';
import { presentApiToken } from './present-api-token.ts';

export const listApiTokens =
  (deps: { readonly store: Pick<Store, 'apiTokens'> }): Operation<'listApiTokens'> =>
  async ({ query }, { user }) => {
    const beforeId = readCursor('apiToken', query.cursor);
    const found = await deps.store.apiTokens.list(user.id, { limit: query.limit + 1, beforeId });
    const { rows, nextCursor } = pageOf('apiToken', found, query.limit);
    return { data: rows.map(presentApiToken), nextCursor };
  };
