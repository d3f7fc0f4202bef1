/**
 * The rules of a site's own files (`_redirects`, `_headers`, `netlify.toml`, `vercel.json`) in one form: written by the builder,
 * checked by `deploy` as part of the manifest, checked and applied by the edge routine. The form is that of `_redirects`: the
 * first rule that matches decides. docs/redirects-and-headers.md describes it for users.
 *
 * No zod in this file: the edge routine bundles it.
 */
import { isRecord } from '../kernel/read-json-value.ts';
import { headerNameProblem, isHeaderValue } from './rule-headers.ts';
import { type PathPattern, parsePattern } from './rule-pattern.ts';
import { targetProblem } from './rule-target.ts';

/** All rules are in the first routing shard, which the edge reads and compiles within 100 ms of CPU. */
export const RULE_LIMITS = {
  redirects: 2000,
  headerRules: 500,
  /** Headers that one rule sets or removes. */
  headersOfARule: 50,
  parametersOfARule: 10,
  patternCharacters: 1000,
  targetCharacters: 2000,
  valueCharacters: 4000,
  /** Of all rules as JSON. */
  bytes: 128 * 1024,
} as const;

export const RULE_STATUSES = [200, 301, 302, 303, 307, 308, 404] as const;
/** 200: another file is shown under this address; 404: the same, as "not found"; the others redirect. */
export type RuleStatus = (typeof RULE_STATUSES)[number];

export interface RedirectRule {
  /** A pattern, see `parsePattern`. */
  readonly from: string;
  /** Parameters that the query must have: a value, or `:name` for any, which it captures. */
  readonly query?: readonly NameAndValue[];
  /** A path of the site or, of a redirect, a whole http(s) URL; ASCII, with `:name` for what was captured. */
  readonly to: string;
  readonly status: RuleStatus;
  /** Whether it takes precedence over the site's files. */
  readonly force: boolean;
}

export interface HeaderRule {
  /** A pattern, see `parsePattern`. */
  readonly for: string;
  /** Names in lower case. */
  readonly set: readonly NameAndValue[];
  /** Headers set by earlier rules that are not sent here. */
  readonly unset: readonly string[];
}

export type NameAndValue = readonly [name: string, value: string];

export interface RoutingRules {
  readonly redirects: readonly RedirectRule[];
  readonly headers: readonly HeaderRule[];
  /** Whether addresses end in a slash; undefined: only those of folders do. */
  readonly trailingSlash?: boolean;
  /** Whether addresses that end in `.html` or `index` redirect to those without. */
  readonly cleanUrls?: boolean;
}

type Refuse = (message: string) => never;
const PARAMETER = /^[^\s=&#]{1,200}$/;

const isText = (value: unknown, limit: number): value is string => typeof value === 'string' && value.length <= limit;

function listOf(value: unknown, limit: number, what: string, refuse: Refuse): readonly unknown[] {
  if (!Array.isArray(value)) return refuse(`the ${what} are not a list`);
  if (value.length > limit) return refuse(`there are ${value.length} ${what}; the limit is ${limit}`);
  return value;
}

function patternOf(value: unknown, where: string, refuse: Refuse): PathPattern {
  if (!isText(value, RULE_LIMITS.patternCharacters)) return refuse(`${where} has no path, or one that is too long`);
  const pattern = parsePattern(value);
  return 'problem' in pattern ? refuse(`the path of ${where} ${pattern.problem}`) : pattern;
}

function queryOf(value: unknown, where: string, refuse: Refuse): NameAndValue[] {
  return listOf(value, RULE_LIMITS.parametersOfARule, `parameters of ${where}`, refuse).map((pair) => {
    const [name, wanted] = Array.isArray(pair) && pair.length === 2 ? (pair as unknown[]) : [];
    if (typeof name !== 'string' || !PARAMETER.test(name) || typeof wanted !== 'string' || !PARAMETER.test(wanted)) {
      return refuse(`${where} has a parameter that is none`);
    }
    return [name, wanted] as const;
  });
}

/** Names that the parameters of a rule capture. */
const namesOfQuery = (query: readonly NameAndValue[]): string[] =>
  query.flatMap(([, wanted]) => (/^:[A-Za-z]\w*$/.test(wanted) ? [wanted.slice(1)] : []));

/** Parses one redirect or rewrite, which messages call `where`. */
export function parseRedirectRule(value: unknown, where: string, refuse: Refuse): RedirectRule {
  if (!isRecord(value)) return refuse(`${where} is not an object`);
  const { from, to, force } = value;
  const pattern = patternOf(from, where, refuse);
  const query = value.query === undefined ? undefined : queryOf(value.query, where, refuse);
  const status = RULE_STATUSES.find((known) => known === value.status);
  if (status === undefined || typeof force !== 'boolean') return refuse(`${where} has no valid status`);
  if (!isText(to, RULE_LIMITS.targetCharacters)) return refuse(`${where} has no target, or one that is too long`);
  const problem = targetProblem(to, status, [...pattern.names, ...namesOfQuery(query ?? [])]);
  if (problem !== undefined) return refuse(`the target of ${where} ${problem}`);
  return { from: String(from), ...(query && { query }), to, status, force };
}

/** Parses one header rule, which messages call `where`. */
export function parseHeaderRule(value: unknown, where: string, refuse: Refuse): HeaderRule {
  if (!isRecord(value)) return refuse(`${where} is not an object`);
  patternOf(value.for, where, refuse);
  const checked = (name: unknown): string => {
    const problem = typeof name === 'string' ? headerNameProblem(name) : 'that is not the name of a header';
    return problem === undefined ? String(name) : refuse(`${where} may not have ${JSON.stringify(name)}: ${problem}`);
  };
  const set = listOf(value.set, RULE_LIMITS.headersOfARule, `headers of ${where}`, refuse).map((pair) => {
    const [name, text] = Array.isArray(pair) && pair.length === 2 ? (pair as unknown[]) : [];
    if (typeof text !== 'string' || !isHeaderValue(text, RULE_LIMITS.valueCharacters)) {
      return refuse(`${where} has a value that no header can have, or one that is too long`);
    }
    return [checked(name), text] as const;
  });
  const unset = listOf(value.unset, RULE_LIMITS.headersOfARule, `headers of ${where}`, refuse).map(checked);
  return { for: String(value.for), set, unset };
}

/**
 * Parses untrusted rules. Returns a copy with known fields only, or undefined when there are none. Calls `refuse` with a sentence
 * for the deployment's log for anything that our builder never writes, and for anything over `RULE_LIMITS`.
 */
export function parseRoutingRules(value: unknown, refuse: Refuse): RoutingRules | undefined {
  if (!isRecord(value)) return refuse('the routing rules are not an object');
  const { trailingSlash, cleanUrls } = value;
  for (const flag of [trailingSlash, cleanUrls]) {
    if (flag !== undefined && typeof flag !== 'boolean')
      refuse('the routing rules have a setting that is not yes or no');
  }
  const rules: RoutingRules = {
    redirects: listOf(value.redirects, RULE_LIMITS.redirects, 'redirects', refuse).map((it, index) =>
      parseRedirectRule(it, `redirect ${index + 1}`, refuse),
    ),
    headers: listOf(value.headers, RULE_LIMITS.headerRules, 'header rules', refuse).map((it, index) =>
      parseHeaderRule(it, `header rule ${index + 1}`, refuse),
    ),
    ...(typeof trailingSlash === 'boolean' && { trailingSlash }),
    ...(typeof cleanUrls === 'boolean' && { cleanUrls }),
  };
  const { length } = new TextEncoder().encode(JSON.stringify(rules));
  if (length > RULE_LIMITS.bytes) {
    refuse(`the routing rules are ${length} bytes long; the limit is ${RULE_LIMITS.bytes / 1024} KB`);
  }
  const saysSomething = rules.redirects.length + rules.headers.length > 0 || 'trailingSlash' in rules || cleanUrls;
  return saysSomething ? rules : undefined;
}
