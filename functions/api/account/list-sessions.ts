import { showId } from '@miaobu/shared/kernel/ids';
import type { Store } from '@miaobu/shared/model/repositories';
import { sessionOf } from '../auth/sign-out.ts';
import type { Operation } from '../operation.ts';
import { pageOf, readCursor } from '../page-of.ts';

export const listSessions =
  ({ store }: { readonly store: Pick<Store, 'sessions'> }): Operation<'listSessions'> =>
  async ({ query }, actor) => {
    const asking = sessionOf(actor);
    const before = readCursor('session', query.cursor);
    const found = await store.sessions.listLive(actor.user.id, { before, limit: query.limit + 1 });
    const { rows, nextCursor } = pageOf('session', found, query.limit);
    return {
      data: rows.map((row) => ({
        id: showId('session', row.id),
        user_agent: row.userAgent,
        address: row.address === '' ? null : row.address,
        created_at: row.createdAt.toISOString(),
        last_used_at: row.lastUsedAt.toISOString(),
        expires_at: row.expiresAt.toISOString(),
        current: row.id === asking,
      })),
      nextCursor,
    };
  };
