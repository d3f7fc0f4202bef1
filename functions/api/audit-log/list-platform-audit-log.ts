import { AppError } from '@miaobu/shared/kernel/app-error';
import { readId } from '@miaobu/shared/kernel/ids';
import type { Store } from '@miaobu/shared/model/repositories';
import type { Operation } from '../operation.ts';
import { pageOf, readCursor } from '../page-of.ts';
import { presentAuditEntry } from './present-audit-entry.ts';

/** The whole audit log, for administrators. */
export const listPlatformAuditLog =
  (deps: { readonly store: Pick<Store, 'auditLog'> }): Operation<'listPlatformAuditLog'> =>
  async ({ query }) => {
    const userId = query.user === undefined ? undefined : readId('user', query.user);
    if (query.user !== undefined && userId === undefined) throw new AppError('not_found');
    const beforeId = readCursor('auditEntry', query.cursor);
    const found = await deps.store.auditLog.list({ limit: query.limit + 1, beforeId, action: query.action, userId });
    const { rows, nextCursor } = pageOf('auditEntry', found, query.limit);
    return { data: rows.map((entry) => presentAuditEntry(entry, true)), nextCursor };
  };
