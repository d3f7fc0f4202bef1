import { showId } from '@miaobu/shared/kernel/ids';
import type { AccountLimits } from '@miaobu/shared/model/account/account-limit-repository';
import type { Store } from '@miaobu/shared/model/repositories';
import type { Operation } from '../operation.ts';
import { readUserId } from '../platform/read-user-id.ts';
import { presentAccountLimits } from './present-account-limits.ts';

export const getAccountLimits =
  (deps: { readonly store: Pick<Store, 'limits'> }): Operation<'getAccountLimits'> =>
  async ({ params }) => ({ data: presentAccountLimits(await deps.store.limits.find(readUserId(params.user))) });

/** The new limits apply to waiting builds when a running one ends, or at the next timer. */
export const updateAccountLimits =
  (deps: { readonly store: Pick<Store, 'transaction'> }): Operation<'updateAccountLimits'> =>
  async ({ params, body }, { user }, { requestId, address }) => {
    const userId = readUserId(params.user);
    const changed = await deps.store.transaction(async ({ limits, auditLog }) => {
      const before = await limits.lock(userId);
      const after: AccountLimits = {
        maxActiveBuilds: body.max_active_builds ?? before.maxActiveBuilds,
        maxBuildsPerHour: body.max_builds_per_hour ?? before.maxBuildsPerHour,
        maxProjects: body.max_projects ?? before.maxProjects,
        maxStorageBytes: body.max_storage_bytes ?? before.maxStorageBytes,
      };
      await limits.replace(userId, after);
      await auditLog.append({
        actor: showId('user', user.id),
        action: 'limits.changed',
        subject: showId('user', userId),
        details: { before: presentAccountLimits(before), after: presentAccountLimits(after) },
        requestId,
        address,
      });
      return after;
    });
    return { data: presentAccountLimits(changed) };
  };
