import { AppError } from '@miaobu/shared/kernel/app-error';
import { readId, showId } from '@miaobu/shared/kernel/ids';
import type { Store } from '@miaobu/shared/model/repositories';
import type { Operation } from '../operation.ts';

/** Ends another of the caller's sessions. */
export const endSession =
  ({ store }: { readonly store: Pick<Store, 'transaction'> }): Operation<'endSession'> =>
  async ({ params }, { user }, { requestId, address }) => {
    const sessionId = readId('session', params.session);
    if (sessionId === undefined) throw new AppError('not_found');
    await store.transaction(async ({ sessions, auditLog }) => {
      if (!(await sessions.end(user.id, sessionId, 'ended_elsewhere'))) throw new AppError('not_found');
      await auditLog.append({
        actor: showId('user', user.id),
        action: 'session.ended',
        subject: showId('session', sessionId),
        requestId,
        address,
      });
    });
    return { data: undefined };
  };
