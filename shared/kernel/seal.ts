import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';
import { AppError } from './app-error.ts';

/** Encrypts small secrets for the database. `context` names the row they belong to and must be the same on opening. */
export interface Sealer {
  seal(plaintext: string, context: string): string;
  /** Throws `secret_unreadable` for another key, another context or a changed byte; never returns anything else. */
  open(sealed: string, context: string): string;
}

const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const VERSION = 'v1';

/** A key for one purpose, derived from the root key (HKDF-SHA256), so that no key serves two. */
export const deriveKey = (rootKey: string, purpose: string) =>
  Buffer.from(hkdfSync('sha256', Buffer.from(rootKey, 'base64url'), 'miaobu', purpose, 32));

/**
 * AES-256-GCM with a random 96-bit nonce; `context` is authenticated (AAD), so a value copied to another row does not
 * open there. Form: `v1.{base64url(nonce ‖ ciphertext ‖ tag)}`. `rootKey` is 32 random bytes in base64url.
 */
export function createSealer(rootKey: string): Sealer {
  const key = deriveKey(rootKey, 'seal');
  return {
    seal(plaintext, context) {
      const nonce = randomBytes(NONCE_BYTES);
      const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(Buffer.from(context));
      const sealed = Buffer.concat([nonce, cipher.update(plaintext, 'utf8'), cipher.final(), cipher.getAuthTag()]);
      return `${VERSION}.${sealed.toString('base64url')}`;
    },
    open(sealed, context) {
      try {
        const [version, body = ''] = sealed.split('.');
        if (version !== VERSION) throw new Error('unknown version');
        const bytes = Buffer.from(body, 'base64url');
        const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, NONCE_BYTES))
          .setAAD(Buffer.from(context))
          .setAuthTag(bytes.subarray(-TAG_BYTES));
        return Buffer.concat([decipher.update(bytes.subarray(NONCE_BYTES, -TAG_BYTES)), decipher.final()]).toString();
      } catch (cause) {
        throw new AppError('secret_unreadable', { cause });
      }
    },
  };
}
