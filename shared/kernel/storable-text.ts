/**
 * External text in a form that Postgres can store, in `text` and in `jsonb`: U+FFFD replaces NUL characters and lone surrogates, both of
 * which JSON can carry. They are replaced rather than dropped, so that a name does not become another existing one.
 */
export const storableText = (text: string): string => text.replace(/\0|\p{Surrogate}/gu, '\ufffd');
