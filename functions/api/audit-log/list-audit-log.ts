import type { Store } from '@miaobu/shared/model/repositories';
import type { Operation } from '../operation.ts';
import { pageOf, readCursor } from '../page-of.ts';
import { findProject, projectsOf } from '../projects/find-project.ts';
import { presentAuditEntry } from './present-audit-entry.ts';

/** The user's part of the audit log. A token for some projects sees these only. */
export const listAuditLog =
  (deps: { readonly store: Pick<Store, 'auditLog' | 'projects'> }): Operation<'listAuditLog'> =>
  async ({ query }, actor) => {
    const { user, credential } = actor;
    const page = { limit: query.limit + 1, beforeId: readCursor('auditEntry', query.cursor), action: query.action };
    const projects =
      query.project === undefined ? projectsOf(credential) : [(await findProject(deps.store, actor, query.project)).id];
    const found = await (projects === null
      ? deps.store.auditLog.listOfUser(user.id, page)
      : deps.store.auditLog.listOfProjects(projects, page));
    const { rows, nextCursor } = pageOf('auditEntry', found, query.limit);
    return { data: rows.map((entry) => presentAuditEntry(entry, entry.userId === user.id)), nextCursor };
  };
