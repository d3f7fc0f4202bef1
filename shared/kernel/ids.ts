import { randomBytes } from 'node:crypto';

/** The prefix of each kind of public id. In the database every id is a plain UUIDv7. */
export const idPrefixes = {
  user: 'usr',
  apiToken: 'tok',
  project: 'prj',
  environment: 'env',
  deployment: 'dep',
  deploymentEvent: 'evt',
  deployHook: 'dhk',
  delivery: 'whd',
  deadLetter: 'dlt',
  variable: 'var',
  auditEntry: 'aud',
  session: 'ses',
} as const;
export type IdKind = keyof typeof idPrefixes;

const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz';
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

function toBase32(value: bigint, length: number): string {
  let rest = value;
  let text = '';
  for (let i = 0; i < length; i++) {
    text = ALPHABET.charAt(Number(rest & 31n)) + text;
    rest >>= 5n;
  }
  return text;
}

/** UUID → TypeID (`dep_01h2xcejqtf2nbrexx3vqjhp41`; specified at github.com/jetify-com/typeid). */
export function showId(kind: IdKind, uuid: string): string {
  if (!UUID.test(uuid)) throw new TypeError(`not a UUID: ${uuid}`);
  return `${idPrefixes[kind]}_${toBase32(BigInt(`0x${uuid.replaceAll('-', '')}`), 26)}`;
}

/** TypeID → UUID, or undefined when it is not an id of this kind. */
export function readId(kind: IdKind, shown: string): string | undefined {
  const prefix = `${idPrefixes[kind]}_`;
  if (!shown.startsWith(prefix)) return undefined;
  const suffix = shown.slice(prefix.length);
  if (!/^[0-7][0-9a-hjkmnp-tv-z]{25}$/.test(suffix)) return undefined;
  let value = 0n;
  for (const character of suffix) value = (value << 5n) | BigInt(ALPHABET.indexOf(character));
  const hex = value.toString(16).padStart(32, '0');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

/** `bytes` of randomness in base64url: secrets, nonces, tokens. */
export const randomToken = (bytes = 32) => randomBytes(bytes).toString('base64url');
