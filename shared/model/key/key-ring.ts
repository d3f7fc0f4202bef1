import { randomBytes } from 'node:crypto';
import { AppError } from '../../kernel/app-error.ts';
import { decrypt, encrypt } from '../../kernel/authenticated-encryption.ts';
import type { DataKey, KeyRepository, RingKey } from './key-repository.ts';
import { type OpenRootKeys, openRootKeys, type RootKeys } from './root-keys.ts';

export interface Deps {
  readonly store: { readonly keys: KeyRepository };
  readonly rootKeys: RootKeys;
}

/** An unwrapped data key. */
export interface OpenDataKey {
  readonly id: string;
  readonly secret: Buffer;
}

const KEY_BYTES = 32;
/** Of two concurrent creators one wins, and a rotation may come in between. */
const TRIES = 3;

/** Bound to its owner: a data key moved to another project opens nothing. */
const aboutDataKey = ({ id, projectId }: Pick<DataKey, 'id' | 'projectId'>) =>
  `miaobu:data-key:${id}:${projectId ?? 'platform'}`;

/** Root key → ring keys → data keys: unwraps stored keys and creates missing ones. */
export function keyRing({ store: { keys }, rootKeys }: Deps) {
  const roots: OpenRootKeys = openRootKeys(rootKeys);

  /** Throws `secret_unreadable`. */
  function unwrap(key: DataKey): OpenDataKey {
    const ringKey = roots.unwrap(key.ringKeyId, { rootKeyId: key.ringRootKeyId, wrapped: key.ringWrapped });
    try {
      return { id: key.id, secret: decrypt(ringKey, key.wrapped, aboutDataKey(key)) };
    } catch (cause) {
      throw new AppError('secret_unreadable', { cause, message: `data key ${key.id} was changed or moved` });
    }
  }

  /** The ring key for new data keys. Created and committed before it wraps anything. */
  async function newestRingKey(): Promise<{ readonly id: string; readonly secret: Buffer }> {
    for (let attempt = 1; attempt <= TRIES; attempt++) {
      const stored = await keys.findRingKey();
      if (stored) return { id: stored.id, secret: roots.unwrap(stored.id, stored) };
      const id = await keys.newId();
      await keys.insertRingKey({ id, ...roots.wrap(id, randomBytes(KEY_BYTES)) });
    }
    throw new AppError('conflict', { message: 'ring keys are being rotated' });
  }

  return {
    rootKeyId: roots.currentId,
    openFirstVersion: roots.openFirstVersion,
    unwrap,
    newestRingKey,

    /** The data key for new values of a project, or of accounts and platform. Created and committed before it seals anything. */
    async activeDataKey(projectId: string | null): Promise<OpenDataKey> {
      for (let attempt = 1; attempt <= TRIES; attempt++) {
        const stored = await keys.findActiveDataKey(projectId);
        if (stored) return unwrap(stored);
        const ringKey = await newestRingKey();
        const id = await keys.newId();
        const wrapped = encrypt(ringKey.secret, randomBytes(KEY_BYTES), aboutDataKey({ id, projectId }));
        await keys.insertDataKey({ id, projectId, ringKeyId: ringKey.id, wrapped });
      }
      throw new AppError('conflict', { message: 'data keys are being rotated' });
    },

    /** A data key rewrapped under the newest ring key. */
    rewrapped: (key: DataKey, ringKey: { readonly id: string; readonly secret: Buffer }) => ({
      ringKeyId: ringKey.id,
      wrapped: encrypt(ringKey.secret, unwrap(key).secret, aboutDataKey(key)),
    }),

    /** A ring key rewrapped under the current root key. */
    rewrappedRingKey: (key: RingKey) => roots.wrap(key.id, roots.unwrap(key.id, key)),

    /** Throws `secret_unreadable`, with a message that names the root keys, unless the configured ones unwrap every key. */
    async assertOpens(): Promise<void> {
      for (const ringKey of await keys.listRingKeysNotUnder(roots.currentId)) roots.unwrap(ringKey.id, ringKey);
      const newest = await keys.findRingKey();
      if (newest) roots.unwrap(newest.id, newest);
    },
  };
}
