import { mintApiToken } from '@miaobu/shared/kernel/api-token';
import { showId } from '@miaobu/shared/kernel/ids';
import { invalidFields } from '@miaobu/shared/kernel/invalid-fields';
import type { Store } from '@miaobu/shared/model/repositories';
import type { Operation } from '../operation.ts';
import { findProject } from '../projects/find-project.ts';
import { presentApiToken } from './present-api-token.ts';
import { requireTokenRoom } from './require-token-room.ts';

const refuse = (field: string, problem: string) => invalidFields('body', [{ path: [field], message: problem }]);

/** Creates a token. It appears only in this response. */
export const createApiToken =
  (deps: { readonly store: Pick<Store, 'projects' | 'transaction'> }): Operation<'createApiToken'> =>
  async ({ body }, actor, { requestId, address }) => {
    const { user } = actor;
    if (!user.isAdmin && body.scopes.some((scope) => scope.startsWith('platform:'))) {
      throw refuse('scopes', 'the scopes of the platform are for those who run it');
    }
    const ids = new Set<string>();
    for (const idOrSlug of body.projects ?? []) ids.add((await findProject(deps.store, actor, idOrSlug)).id);
    const minted = mintApiToken();
    const token = await deps.store.transaction(async (repositories) => {
      const expiresAt = body.expires_at === undefined ? null : new Date(body.expires_at);
      if (expiresAt !== null && expiresAt <= (await repositories.now())) {
        throw refuse('expires_at', 'must be a time to come');
      }
      await requireTokenRoom(repositories, user.id);
      const inserted = await repositories.apiTokens.insert(
        {
          userId: user.id,
          name: body.name,
          scopes: [...new Set(body.scopes)],
          projectIds: body.projects === undefined ? null : [...ids],
          expiresAt,
        },
        minted,
      );
      await repositories.auditLog.append({
        actor: showId('user', user.id),
        action: 'token.created',
        subject: showId('apiToken', inserted.id),
        details: { name: inserted.name, prefix: inserted.prefix, scopes: inserted.scopes },
        requestId,
        address,
      });
      return inserted;
    });
    return { data: { ...presentApiToken(token), token: minted.token } };
  };
