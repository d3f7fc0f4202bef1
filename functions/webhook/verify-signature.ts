import { randomBytes } from 'node:crypto';
import { equalBytes, hmacSha256 } from '@miaobu/shared/kernel/hmac';

// An unknown hook is checked against a random secret, so that it takes the same time and gets the same answer.
const nobodysSecret = randomBytes(32);

/**
 * Whether `X-Hub-Signature-256` (`sha256={hex}`) is the HMAC of these bytes under the secret. Constant-time in what an attacker controls;
 * always false without a secret.
 */
export function hasValidSignature(secret: string | undefined, body: Buffer, signature: string | undefined): boolean {
  const expected = hmacSha256(secret ?? nobodysSecret, body);
  const [, hex] = /^sha256=([0-9a-f]{64})$/.exec(signature ?? '') ?? [];
  const given = hex === undefined ? Buffer.alloc(expected.length) : Buffer.from(hex, 'hex');
  return equalBytes(expected, given) && hex !== undefined && secret !== undefined;
}
