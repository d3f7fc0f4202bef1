import { randomInt } from 'node:crypto';

// Consonants: nothing reads like a word, and nothing like another letter or a digit (RFC 8628 §6.1).
const LETTERS = 'BCDFGHJKLMNPQRSTVWXZ';
const LENGTH = 8;

/** Eight letters that a person compares or types: 34 random bits. */
export const newUserCode = () =>
  Array.from({ length: LENGTH }, () => LETTERS.charAt(randomInt(LETTERS.length))).join('');

/** `BCDFGHJK` → `BCDF-GHJK`. */
export const showUserCode = (code: string) => `${code.slice(0, 4)}-${code.slice(4)}`;

/** What a person typed, in any case, with or without the dash; undefined when it cannot be a code. */
export function readUserCode(typed: string): string | undefined {
  const code = typed.toUpperCase().replace(/[\s-]/g, '');
  return code.length === LENGTH && [...code].every((letter) => LETTERS.includes(letter)) ? code : undefined;
}
