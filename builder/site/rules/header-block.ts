import { parseHeaderRule, RULE_LIMITS } from '@miaobu/shared/contracts/routing-rules';
import { headerNameProblem, isHeaderValue } from '@miaobu/shared/contracts/rule-headers';
import { notSupported, type RuleCollection, warn } from './rule-collection.ts';

/** A header as it was written. */
export interface WrittenHeader {
  readonly where: string;
  readonly name: string;
  /** Undefined: a header that rules above have set is not sent here. */
  readonly value: string | undefined;
}

/** Why a header is not sent; undefined when it is. */
function headerProblem(name: string, value: string | undefined): string | undefined {
  const problem = headerNameProblem(name);
  if (problem !== undefined || value === undefined) return problem;
  if (isHeaderValue(value, RULE_LIMITS.valueCharacters)) return undefined;
  return `its value has to be printable ASCII, at most ${RULE_LIMITS.valueCharacters} characters`;
}

/**
 * Takes the headers of one path (a pattern): those that a site may set, each once, with values of the same name joined by commas. Throws
 * `NotSupported` when none of them can be used.
 */
export function takeHeaders(path: string, written: readonly WrittenHeader[], collection: RuleCollection): void {
  const set = new Map<string, string>();
  const unset = new Set<string>();
  for (const { where, name, value } of written) {
    const key = name.toLowerCase();
    // Many sites write it, and it is sent anyway.
    if (key === 'x-content-type-options' && value?.toLowerCase() === 'nosniff') continue;
    const problem = headerProblem(key, value);
    if (problem !== undefined) warn(collection, where, `the header ${JSON.stringify(name)} is left out: ${problem}`);
    else if (value === undefined) unset.add(key);
    else set.set(key, set.has(key) ? `${set.get(key)}, ${value}` : value);
  }
  const rule = parseHeaderRule({ for: path, set: [...set], unset: [...unset] }, 'the rule', notSupported);
  if (set.size + unset.size > 0) collection.headers.push(rule);
}
