import { PLACEHOLDER } from '@miaobu/shared/contracts/rule-pattern';
import type { RuleTarget } from '@miaobu/shared/contracts/rule-target';
import type { Captures } from './match-path.ts';

/** Also percent-encodes what `encodeURIComponent` leaves: quotes and brackets have a meaning in some headers. */
const encode = (text: string) =>
  encodeURIComponent(text).replace(/[!'()*]/g, (it) => `%${it.charCodeAt(0).toString(16).toUpperCase()}`);

/** A visitor's input made safe for a URL or a header value: nothing in it can end a line or a segment. */
const encoded = (name: string, value: string) =>
  name === 'splat' ? value.split('/').map(encode).join('/') : encode(value);

/** Fills captured values into a text. Names that were not captured stay as they are. */
export const fillIn = (text: string, captures: Captures): string =>
  text.replace(PLACEHOLDER, (written, name: string) => {
    const value = captures.get(name);
    return value === undefined ? written : encoded(name, value);
  });

/** Fills them in as they are, for a path that is looked up among the files of the site. */
export const fillInDecoded = (path: string, captures: Captures): string =>
  path.replace(PLACEHOLDER, (written, name: string) => captures.get(name) ?? written);

/**
 * A value for Location. `search` is the rest of the visitor's query, with its question mark: a target with a query of
 * its own does not get it. A path beginning with two slashes would lead to another server, so it gets only one.
 */
export function fillInLocation(
  { origin, path, query, fragment }: RuleTarget,
  captures: Captures,
  search: string,
): string {
  const filled = fillIn(path, captures);
  return (
    origin +
    (origin ? filled : onThisSite(filled)) +
    (query ? fillIn(query, captures) : search) +
    fillIn(fragment, captures)
  );
}

/** A path that no browser mistakes for the address of another server, whatever a visitor put into it. */
export const onThisSite = (path: string): string => path.replace(/^\/{2,}/, '/');
