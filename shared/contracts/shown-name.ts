import * as z from 'zod';

/** A name that people read and rely on: no invisible characters (except emoji joiners), line breaks or bidirectional controls. */
export const shownName = (maxLength: number) =>
  z
    .string()
    .trim()
    .min(1)
    .max(maxLength)
    .regex(/^[\u200d\p{L}\p{M}\p{N}\p{P}\p{S} ]+$/u, 'letters, digits, signs and spaces only');
