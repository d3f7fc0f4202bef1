import { REFRESH_COOKIE } from '@miaobu/shared/contracts/auth';
import { AppError } from '@miaobu/shared/kernel/app-error';
import { expiredHostCookie } from '@miaobu/shared/kernel/host-cookie';
import { showId } from '@miaobu/shared/kernel/ids';
import type { Store } from '@miaobu/shared/model/repositories';
import type { Actor, Operation } from '../operation.ts';

export interface Deps {
  readonly store: Pick<Store, 'transaction'>;
}

/** The caller's session. Only operations restricted to sessions have one. */
export function sessionOf({ credential }: Actor): string {
  if (credential.kind !== 'session') throw new AppError('forbidden');
  return credential.sessionId;
}

/** Ends the caller's session: its tokens are refused from the next request on. */
export const signOut =
  ({ store }: Deps): Operation<'signOut'> =>
  async (_request, actor, { requestId, address }) => {
    const sessionId = sessionOf(actor);
    await store.transaction(async ({ sessions, auditLog }) => {
      await sessions.end(actor.user.id, sessionId, 'signed_out');
      await auditLog.append({
        actor: showId('user', actor.user.id),
        action: 'session.ended',
        subject: showId('session', sessionId),
        requestId,
        address,
      });
    });
    return { data: undefined, cookies: [expiredHostCookie(REFRESH_COOKIE)] };
  };

/** Ends all of the caller's sessions. */
export const signOutEverywhere =
  ({ store }: Deps): Operation<'signOutEverywhere'> =>
  async (_request, { user }, { requestId, address }) => {
    await store.transaction(async ({ sessions, auditLog }) => {
      const ended = await sessions.endAll(user.id, 'signed_out_everywhere');
      const shown = showId('user', user.id);
      const details = { sessions: ended };
      await auditLog.append({ actor: shown, action: 'session.all_ended', subject: shown, details, requestId, address });
    });
    return { data: undefined, cookies: [expiredHostCookie(REFRESH_COOKIE)] };
  };
