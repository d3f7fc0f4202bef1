import * as z from 'zod';

/** A name that a person is shown and decides by: nothing invisible (but what joins emoji), no second line, nothing that turns the line round. */
export const shownName = (maxLength: number) =>
  z
    .string()
    .trim()
    .min(1)
    .max(maxLength)
    .regex(/^[\u200d\p{L}\p{M}\p{N}\p{P}\p{S} ]+$/u, 'letters, digits, signs and spaces only');
