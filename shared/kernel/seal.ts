import { hkdfSync } from 'node:crypto';

/** Encrypts small secrets for the database. `context` names the row they belong to and must be the same on opening. */
export interface Sealer {
  /** With a key of the project's own, or, for what is of no project, of accounts and platform. */
  seal(plaintext: string, place: { readonly project?: string; readonly context: string }): Promise<string>;
  /** The same for several, or within a transaction: the key may have to be asked for first, over a connection of its own. */
  sealing(project?: string): Promise<Seal>;
  /** Throws `secret_unreadable` for another key, another context or a changed byte; never returns anything else. */
  open(sealed: string, context: string): Promise<string>;
}
export type Seal = (plaintext: string, context: string) => string;

/** A key for one purpose, derived from the root key (HKDF-SHA256), so that no key serves two. The root key is 32 random bytes in base64url. */
export const deriveKey = (rootKey: string, purpose: string) =>
  Buffer.from(hkdfSync('sha256', Buffer.from(rootKey, 'base64url'), 'miaobu', purpose, 32));
