import { parseRedirectRule, type RedirectRule, RULE_STATUSES } from '@miaobu/shared/contracts/routing-rules';
import { parseAllRedirects } from '@netlify/redirect-parser';
import { NotSupported, notSupported } from './rule-collection.ts';
import { patternOfNetlify, targetOfWritten } from './written-path.ts';

/** What Netlify's parser makes of an entry; it has no types for it. */
interface Normalized {
  readonly from: string;
  readonly to: string;
  readonly path: string;
  readonly status?: number;
  readonly force?: boolean;
  readonly host?: string;
  readonly proxy?: boolean;
  readonly query?: Readonly<Record<string, unknown>>;
  readonly conditions?: object;
  readonly headers?: object;
  readonly signed?: unknown;
  readonly rate_limit?: unknown;
}

/**
 * Netlify's own parser knows a field's former names, what may be left out and what a rule must not contain. It is given one entry at a
 * time: given several, it does not report their positions, and changes their order when two are alike.
 */
async function normalize(entry: object): Promise<Normalized> {
  for (const name of ['from', 'origin', 'to', 'destination']) {
    const value: unknown = Reflect.get(entry, name);
    if (value !== undefined && typeof value !== 'string') throw new NotSupported(`"${name}" is not text`);
  }
  // Its declaration says strings; an entry is an object (netlify_config_parser.js).
  const configRedirects = [entry] as unknown as string[];
  const { redirects, errors } = await parseAllRedirects({ redirectsFiles: [], configRedirects, minimal: false });
  const [error] = errors as readonly unknown[];
  if (error) throw new NotSupported(error instanceof Error ? (error.message.split('\n').at(-1) ?? '') : String(error));
  return redirects[0] as Normalized;
}

const saysSomething = (value: object | undefined) => value !== undefined && Object.keys(value).length > 0;

function unsupportedPart(rule: Normalized): string | undefined {
  if (rule.host !== undefined) return 'a rule for one hostname is not supported';
  if (saysSomething(rule.conditions)) {
    return `conditions (${Object.keys(rule.conditions ?? {}).join(', ')}) are not supported`;
  }
  if (rule.signed !== undefined) return 'signed requests are not supported';
  if (rule.rate_limit !== undefined) return 'rate limits are not supported';
  if (saysSomething(rule.headers)) return 'headers for another server are not supported';
  if (rule.proxy) return 'content of other servers is not passed on (a redirect is possible)';
  if (rule.to.startsWith('/.netlify/')) return 'functions and services of Netlify do not exist here';
  return undefined;
}

/** A rule of `_redirects` or `netlify.toml`, as an entry of the latter. Throws `NotSupported`. */
export async function netlifyRedirect(entry: object): Promise<RedirectRule> {
  const rule = await normalize(entry);
  const unsupported = unsupportedPart(rule);
  if (unsupported !== undefined) throw new NotSupported(unsupported);
  const { status = 301, query = {} } = rule;
  if (typeof query !== 'object' || Array.isArray(query)) throw new NotSupported('"query" is not a table');
  if (!RULE_STATUSES.some((known) => known === status)) throw new NotSupported(`the status ${status} is not supported`);
  const parameters = Object.entries(query);
  return parseRedirectRule(
    {
      from: patternOfNetlify(rule.path),
      to: targetOfWritten(rule.to),
      status,
      force: rule.force === true,
      ...(parameters.length > 0 && { query: parameters }),
    },
    'the rule',
    notSupported,
  );
}
