import type { Account as ShownAccount } from '@miaobu/shared/contracts/users';
import { showId } from '@miaobu/shared/kernel/ids';
import type { Account } from '@miaobu/shared/model/account/account-repository';
import type { Store } from '@miaobu/shared/model/repositories';
import type { Operation } from '../operation.ts';
import { pageOf, readCursor } from '../page-of.ts';

export const presentAccount = (account: Account): ShownAccount => ({
  id: showId('user', account.id),
  github_login: account.githubLogin,
  admin: account.isAdmin,
  created_at: account.createdAt.toISOString(),
  disabled_at: account.disabledAt?.toISOString() ?? null,
});

export const listUsers =
  ({ store }: { readonly store: Pick<Store, 'accounts'> }): Operation<'listUsers'> =>
  async ({ query }) => {
    const before = readCursor('user', query.cursor);
    const found = await store.accounts.list({ before, limit: query.limit + 1 });
    const { rows, nextCursor } = pageOf('user', found, query.limit);
    return { data: rows.map(presentAccount), nextCursor };
  };
