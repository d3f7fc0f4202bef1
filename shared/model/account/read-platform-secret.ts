import { AppError } from '../../kernel/app-error.ts';
import type { Sealer } from '../../kernel/seal.ts';
import type { Store } from '../repositories.ts';
import { type PlatformSecretName, platformSecretContext } from './platform-secret-repository.ts';

/** A platform secret, read from the database on demand and never cached. */
export const readPlatformSecret =
  (deps: { readonly store: Pick<Store, 'platformSecrets'>; readonly sealer: Sealer }, name: PlatformSecretName) =>
  async (): Promise<string> => {
    const sealed = await deps.store.platformSecrets.findSealed(name);
    if (sealed === undefined)
      throw new AppError('secret_unreadable', { message: `the platform secret ${name} is not set` });
    return deps.sealer.open(sealed, platformSecretContext(name));
  };
