import { AppError } from '../../kernel/app-error.ts';
import { decrypt, encrypt } from '../../kernel/authenticated-encryption.ts';
import { remember } from '../../kernel/remember.ts';
import type { Seal, Sealer } from '../../kernel/seal.ts';
import { raiseAlarm } from '../audit/raise-alarm.ts';
import type { Store } from '../repositories.ts';
import { keyRing, type OpenDataKey } from './key-ring.ts';
import type { RootKeys } from './root-keys.ts';

export interface Deps {
  readonly store: Pick<Store, 'keys' | 'transaction'>;
  readonly rootKeys: RootKeys;
  readonly monotonicMs?: () => number;
}

export interface RingSealer extends Sealer {
  /** Names the currently configured root key. */
  readonly rootKeyId: string;
  /** After a rotation: new values get new keys here at once. */
  forgetKeys(): void;
  /** Throws `secret_unreadable`, with a message for the operator, unless the root keys match this database. */
  assertOpens(): Promise<void>;
}

/** Data keys cached in memory. */
const KEYS_AT_MOST = 2000;
/** Keys never change. The cache expires so that a deleted project's keys eventually leave every instance's memory. */
const KEPT_MS = 60 * 60 * 1000;
/** How long an instance may keep sealing with a key that was retired elsewhere. */
export const ACTIVE_SECONDS = 60;

const PLATFORM = 'platform';
const FORM = /^(?:(v1)|v2\.([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}))\.([A-Za-z0-9_-]+)$/;
const about = (keyId: string, context: string) => `miaobu:v2:${keyId}:${context}`;

/**
 * Seals values with data keys that are stored wrapped (docs/decisions/0008): `v2.{data key}.{AES-256-GCM, base64url}`, with data key and
 * context as AAD. Also opens `v1.…`, sealed with the root key itself. Anything else is never treated as a value: failing to open raises
 * an alarm.
 */
export function createSealer({ store, rootKeys, monotonicMs = () => performance.now() }: Deps): RingSealer {
  const ring = keyRing({ store, rootKeys });
  const limits = { atMost: KEYS_AT_MOST, monotonicMs };
  const known = remember<OpenDataKey>(
    async (id) => {
      const stored = await store.keys.findDataKey(id);
      if (!stored) throw new AppError('secret_unreadable', { message: `there is no data key ${id}` });
      return ring.unwrap(stored);
    },
    { ...limits, forMs: KEPT_MS },
  );
  const active = remember<OpenDataKey>((owner) => ring.activeDataKey(owner === PLATFORM ? null : owner), {
    ...limits,
    forMs: ACTIVE_SECONDS * 1000,
  });

  const sealing = async (project?: string): Promise<Seal> => {
    const { id, secret } = await active.get(project ?? PLATFORM);
    return (plaintext, context) => `v2.${id}.${encrypt(secret, plaintext, about(id, context))}`;
  };

  async function read(sealed: string, context: string): Promise<string> {
    const [, isFirst, keyId, encrypted] = FORM.exec(sealed) ?? [];
    if (encrypted === undefined) throw new AppError('secret_unreadable', { message: 'this is no sealed value' });
    const key = keyId === undefined ? undefined : await known.get(keyId);
    try {
      if (isFirst) return ring.openFirstVersion(encrypted, context);
      if (key) return decrypt(key.secret, encrypted, about(key.id, context)).toString();
    } catch (cause) {
      throw new AppError('secret_unreadable', { cause, message: `what is stored at ${context} was not sealed there` });
    }
    throw new AppError('internal');
  }

  /** The database was tampered with, or the root key is wrong: an operator has to know. */
  async function alarm(context: string, error: AppError): Promise<void> {
    const [, projectId] = /^project:([0-9a-f-]{36}):/.exec(context) ?? [];
    await store.transaction((repositories) =>
      raiseAlarm(repositories, {
        actor: 'sealer',
        action: 'secret.unreadable',
        subject: context,
        details: { problem: error.message },
        requestId: '',
        ...(projectId === undefined ? {} : { projectId }),
      }),
    );
  }

  return {
    rootKeyId: ring.rootKeyId,
    sealing,
    seal: async (plaintext, { project, context }) => (await sealing(project))(plaintext, context),
    async open(sealed, context) {
      try {
        return await read(sealed, context);
      } catch (error) {
        // The caller must get the original error even if the alarm fails.
        if (error instanceof AppError && error.code === 'secret_unreadable')
          await alarm(context, error).catch(() => {});
        throw error;
      }
    },
    forgetKeys() {
      known.forget();
      active.forget();
    },
    assertOpens: ring.assertOpens,
  };
}
