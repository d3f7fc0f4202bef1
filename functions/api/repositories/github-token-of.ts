import { AppError } from '@miaobu/shared/kernel/app-error';
import type { Sealer } from '@miaobu/shared/kernel/seal';
import { githubTokenContext } from '@miaobu/shared/model/account/account-repository';
import type { Store } from '@miaobu/shared/model/repositories';

/** The user's own token for GitHub. Throws `code_host_unauthorized` when none is connected. */
export async function githubTokenOf(
  deps: { readonly store: Pick<Store, 'accounts'>; readonly sealer: Sealer },
  userId: string,
): Promise<string> {
  const sealed = await deps.store.accounts.findSealedGithubToken(userId);
  if (sealed === undefined) throw new AppError('code_host_unauthorized');
  return deps.sealer.open(sealed, githubTokenContext(userId));
}
