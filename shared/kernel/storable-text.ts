/**
 * Text of others as Postgres can hold it, in `text` and in `jsonb`: U+FFFD stands in the place of NUL characters and of halves of a character,
 * both of which JSON can carry. They are replaced and not left out, so that no name becomes another one that is in use.
 */
export const storableText = (text: string): string => text.replace(/\0|\p{Surrogate}/gu, '\ufffd');
