import { AppError } from '../../kernel/app-error.ts';
import type { Sealer } from '../../kernel/seal.ts';
import type { AccessClaims, TokenSigner } from '../../ports/token-signer.ts';
import type { Store } from '../repositories.ts';
import { type StoredSigningKey, signingKeyContext } from './signing-key-repository.ts';

export const ACCESS_TOKEN_SECONDS = 10 * 60;
/** How long an instance caches the keys it has read. */
const KEYS_TRUSTED_MS = 60_000;
/** A token may name a key that another instance has just created; the keys are reread for that at most this often. */
const UNKNOWN_KEY_MS = 5000;

export interface Deps {
  readonly store: Pick<Store, 'signingKeys' | 'transaction'>;
  readonly sealer: Sealer;
  readonly signer: TokenSigner;
  /** The platform's origin: issuer and audience of the tokens. */
  readonly controlOrigin: string;
  readonly now?: () => Date;
}

export interface AccessTokens {
  /** A token valid for ten minutes. Creates the first key, and a new one when the latest is old. */
  issue(claims: AccessClaims): Promise<string>;
  /** The token's claims; undefined when it is invalid. Does not check that its session is still live. */
  verify(token: string): Promise<AccessClaims | undefined>;
}

/** Access tokens, signed with keys that are sealed in the database and remembered for a minute. */
export function accessTokens({ store, sealer, signer, controlOrigin, now = () => new Date() }: Deps): AccessTokens {
  let known: { readonly keys: readonly StoredSigningKey[]; readonly readAt: number } = {
    keys: [],
    readAt: Number.NEGATIVE_INFINITY,
  };
  let reading: Promise<readonly StoredSigningKey[]> | undefined;
  const signedFor = () => ({ issuer: controlOrigin, audience: `${controlOrigin}/api/v1`, now: now() });

  /** Concurrent callers share one statement. */
  const read = () => {
    reading ??= store.signingKeys
      .listLive()
      .then((keys) => {
        known = { keys, readAt: performance.now() };
        return keys;
      })
      .finally(() => {
        reading = undefined;
      });
    return reading;
  };
  const keysNotOlderThan = async (ms: number) => (performance.now() - known.readAt < ms ? known.keys : read());

  const makeKey = async (): Promise<StoredSigningKey> => {
    const pair = await signer.createKeyPair();
    const privateKeySealed = await sealer.seal(pair.privateKey, { context: signingKeyContext(pair.kid) });
    await store.transaction(async ({ signingKeys }) => {
      await signingKeys.lock();
      const isMade = (await signingKeys.listLive()).some(({ signs }) => signs);
      if (!isMade) await signingKeys.insert({ kid: pair.kid, privateKeySealed, publicJwk: pair.publicJwk });
    });
    const key = (await read()).find(({ signs }) => signs);
    if (!key) throw new AppError('internal', { message: 'there is no signing key although one was made' });
    return key;
  };

  return {
    async issue(claims) {
      const { kid, privateKeySealed } =
        (await keysNotOlderThan(KEYS_TRUSTED_MS)).find(({ signs }) => signs) ?? (await makeKey());
      const privateKey = await sealer.open(privateKeySealed, signingKeyContext(kid));
      return signer.sign(claims, { kid, privateKey }, { ...signedFor(), lifetimeSeconds: ACCESS_TOKEN_SECONDS });
    },

    async verify(token) {
      const kid = signer.keyIdOf(token);
      if (kid === undefined) return undefined;
      const find = (keys: readonly StoredSigningKey[]) => keys.find((key) => key.kid === kid);
      const key = find(await keysNotOlderThan(KEYS_TRUSTED_MS)) ?? find(await keysNotOlderThan(UNKNOWN_KEY_MS));
      return key && signer.verify(token, key.publicJwk, signedFor());
    },
  };
}
