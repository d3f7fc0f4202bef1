import { randomInt } from 'node:crypto';

// Consonants: no code reads like a word, and no letter looks like another or like a digit (RFC 8628 §6.1).
const LETTERS = 'BCDFGHJKLMNPQRSTVWXZ';
const LENGTH = 8;

/** Eight letters for a person to compare or type: 34 random bits. */
export const newUserCode = () =>
  Array.from({ length: LENGTH }, () => LETTERS.charAt(randomInt(LETTERS.length))).join('');

/** `BCDFGHJK` → `BCDF-GHJK`. */
export const showUserCode = (code: string) => `${code.slice(0, 4)}-${code.slice(4)}`;

/** Parses a typed code, in any case, with or without the dash; undefined when it cannot be one. */
export function readUserCode(typed: string): string | undefined {
  const code = typed.toUpperCase().replace(/[\s-]/g, '');
  return code.length === LENGTH && [...code].every((letter) => LETTERS.includes(letter)) ? code : undefined;
}
