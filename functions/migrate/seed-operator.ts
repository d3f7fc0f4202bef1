import { scopes } from '@miaobu/shared/contracts/scopes';
import type { Sealer } from '@miaobu/shared/kernel/seal';
import { githubTokenContext } from '@miaobu/shared/model/account/account-repository';
import {
  type PlatformSecretName,
  platformSecretContext,
} from '@miaobu/shared/model/account/platform-secret-repository';
import type { Store } from '@miaobu/shared/model/repositories';
import type { MigrateEvent } from './migrate-event.ts';

export interface Deps {
  readonly store: Pick<Store, 'transaction'>;
  readonly sealer: Sealer;
}

/** Stores the operator's account, who may sign in, and the platform's secrets, sealed. Safe to repeat; what is not named stays as it is. */
export const seedOperator =
  ({ store, sealer }: Deps) =>
  async ({ operator, secrets, sign_in: signIn }: MigrateEvent): Promise<void> => {
    const seal = await sealer.sealing();
    await store.transaction(async (repositories) => {
      for (const [name, value] of Object.entries(secrets ?? {}) as [PlatformSecretName, string][]) {
        await repositories.platformSecrets.store(name, seal(value, platformSecretContext(name)));
      }
      if (signIn) {
        await repositories.signInRules.lock();
        await repositories.signInRules.replace({
          users: signIn.users ?? [],
          organisations: signIn.organisations ?? [],
        });
      }
      if (!operator) return;
      const user = await repositories.accounts.upsertUser({
        githubId: operator.github_id,
        githubLogin: operator.github_login,
      });
      await repositories.accounts.makeAdmin(user.id);
      if (operator.github_token !== undefined) {
        const sealed = seal(operator.github_token, githubTokenContext(user.id));
        await repositories.accounts.storeGithubToken(user.id, sealed);
      }
      if (operator.api_token) {
        const { name, prefix, sha256 } = operator.api_token;
        await repositories.accounts.insertApiToken({
          userId: user.id,
          name,
          prefix,
          sha256: Buffer.from(sha256, 'hex'),
          scopes,
        });
      }
    });
  };
