import { hkdfSync } from 'node:crypto';

/** Encrypts small secrets for the database. `context` identifies the row they belong to and must be the same on opening. */
export interface Sealer {
  /** With the project's own key, or, without a project, the key of accounts and platform. */
  seal(plaintext: string, place: { readonly project?: string; readonly context: string }): Promise<string>;
  /** The same for several values, or within a transaction: fetching the key may need a connection of its own. */
  sealing(project?: string): Promise<Seal>;
  /** Throws `secret_unreadable` for another key, another context or a changed byte; never returns anything else. */
  open(sealed: string, context: string): Promise<string>;
}
export type Seal = (plaintext: string, context: string) => string;

/**
 * A key for one purpose, derived from the root key (HKDF-SHA256), so that no key serves two purposes. The root key is 32 random bytes in
 * base64url.
 */
export const deriveKey = (rootKey: string, purpose: string) =>
  Buffer.from(hkdfSync('sha256', Buffer.from(rootKey, 'base64url'), 'miaobu', purpose, 32));
