import { AppError } from '../../kernel/app-error.ts';
import { decrypt, encrypt } from '../../kernel/authenticated-encryption.ts';
import { deriveKey } from '../../kernel/seal.ts';

/** The operator's keys: 32 random bytes each, base64url. */
export interface RootKeys {
  readonly current: string;
  /** The previous one, while anything is still wrapped by it. */
  readonly previous?: string;
}

/** A key wrapped by a root key. */
export interface WrappedByRoot {
  readonly rootKeyId: string;
  readonly wrapped: string;
}

const ID_LENGTH = 10;
const aboutRingKey = (id: string) => `miaobu:ring-key:${id}`;

const derived = (rootKey: string) => ({
  id: deriveKey(rootKey, 'root-key-id').toString('base64url').slice(0, ID_LENGTH),
  wrapping: deriveKey(rootKey, 'key-ring'),
  sealing: deriveKey(rootKey, 'seal'),
});

/** Wraps ring keys with the root key, and opens values that were sealed with it before there were ring keys (`v1`). */
export function openRootKeys({ current: currentKey, previous: previousKey }: RootKeys) {
  const current = derived(currentKey);
  const all = previousKey === undefined ? [current] : [current, derived(previousKey)];
  return {
    /** Identifies the current root key without revealing anything about it. */
    currentId: current.id,

    wrap: (id: string, ringKey: Buffer): WrappedByRoot => ({
      rootKeyId: current.id,
      wrapped: encrypt(current.wrapping, ringKey, aboutRingKey(id)),
    }),

    /** Throws `secret_unreadable`, and logs which root key is missing. */
    unwrap(id: string, { rootKeyId, wrapped }: WrappedByRoot): Buffer {
      const root = all.find((each) => each.id === rootKeyId);
      if (!root) {
        const message =
          `the keys in this database are under the root key ${rootKeyId}, and this is ${all.map((each) => each.id).join(' and ')}: ` +
          'set MIAOBU_ROOT_KEY to the one they were made with, or give that as MIAOBU_ROOT_KEY_PREVIOUS';
        throw new AppError('secret_unreadable', { message });
      }
      try {
        return decrypt(root.wrapping, wrapped, aboutRingKey(id));
      } catch (cause) {
        throw new AppError('secret_unreadable', { cause, message: `ring key ${id} was changed` });
      }
    },

    /** Opens a value sealed with a root key itself, or throws. */
    openFirstVersion(encrypted: string, context: string): string {
      let failure: unknown;
      for (const { sealing } of all) {
        try {
          return decrypt(sealing, encrypted, context).toString();
        } catch (error) {
          failure = error;
        }
      }
      throw failure;
    },
  };
}
export type OpenRootKeys = ReturnType<typeof openRootKeys>;
