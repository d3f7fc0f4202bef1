import { AppError } from '@miaobu/shared/kernel/app-error';
import type { Context } from '@miaobu/shared/kernel/context';
import { showId } from '@miaobu/shared/kernel/ids';
import type { Store } from '@miaobu/shared/model/repositories';
import type { Actor, Operation } from '../operation.ts';
import { presentAccount } from './list-users.ts';
import { readUserId } from './read-user-id.ts';

export interface Deps {
  readonly store: Pick<Store, 'transaction'>;
}

/** From the next request on, no credential of a disabled user is accepted. Administrators cannot lock themselves out. */
export const disableUser =
  (deps: Deps): Operation<'disableUser'> =>
  async ({ params }, actor, context) => {
    const userId = readUserId(params.user);
    if (userId === actor.user.id)
      throw new AppError('conflict', { details: { problem: 'you cannot disable your own account' } });
    return { data: presentAccount(await setDisabled(deps, userId, true, actor, context)) };
  };

export const enableUser =
  (deps: Deps): Operation<'enableUser'> =>
  async ({ params }, actor, context) => ({
    data: presentAccount(await setDisabled(deps, readUserId(params.user), false, actor, context)),
  });

/** The resulting account. Disabling a disabled account changes nothing. */
async function setDisabled(
  { store }: Deps,
  userId: string,
  disabled: boolean,
  { user }: Actor,
  { requestId, address }: Context,
) {
  return store.transaction(async ({ accounts, sessions, auditLog }) => {
    if (await accounts.setDisabled(userId, disabled)) {
      const details = disabled ? { sessions: await sessions.endAll(userId, 'user_disabled') } : {};
      await auditLog.append({
        actor: showId('user', user.id),
        action: disabled ? 'user.disabled' : 'user.enabled',
        subject: showId('user', userId),
        details,
        requestId,
        address,
      });
    }
    const account = await accounts.find(userId);
    if (!account) throw new AppError('not_found');
    return account;
  });
}
