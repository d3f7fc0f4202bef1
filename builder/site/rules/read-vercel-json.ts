import { parseRedirectRule } from '@miaobu/shared/contracts/routing-rules';
import { takeHeaders } from './header-block.ts';
import { NotSupported, notSupported, type RuleCollection, take, warn } from './rule-collection.ts';
import { vercelSource } from './vercel-source.ts';
import { targetOfWritten } from './written-path.ts';

const FILE = 'vercel.json';
type Fields = Readonly<Record<string, unknown>>;

const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function textOf(rule: Fields, name: string): string {
  const value = rule[name];
  if (typeof value !== 'string') throw new NotSupported(`"${name}" is not text`);
  return value;
}

/** Calls `read` for every rule of a list. */
async function takeEach(
  settings: Fields,
  list: string,
  collection: RuleCollection,
  read: (rule: Fields, where: string) => void,
): Promise<void> {
  const rules = settings[list] ?? [];
  if (!Array.isArray(rules)) return warn(collection, FILE, `"${list}" is not a list; it is left out`);
  for (const [index, rule] of rules.entries()) {
    const where = `${FILE}, ${list}[${index}]`;
    await take(collection, where, () => {
      if (!isFields(rule)) throw new NotSupported('this is not an object');
      for (const condition of ['has', 'missing']) {
        if (rule[condition] !== undefined) throw new NotSupported(`conditions ("${condition}") are not supported`);
      }
      read(rule, where);
    });
  }
}

/** `permanent` (the default) is 308, otherwise 307; a `statusCode` overrides both. */
function statusOf({ permanent, statusCode }: Fields): unknown {
  if (typeof permanent === 'boolean') return permanent ? 308 : 307;
  const status = statusCode ?? 308;
  if (status === 200 || status === 404) throw new NotSupported(`the status ${status} is none of a redirect`);
  return status;
}

function takeRedirect(rule: Fields, kind: 'redirect' | 'rewrite', collection: RuleCollection): void {
  const { pattern, rename } = vercelSource(textOf(rule, 'source'));
  const to = targetOfWritten(rename(textOf(rule, 'destination')));
  // Vercel redirects before it looks for a file, and rewrites after.
  const [status, force] = kind === 'redirect' ? [statusOf(rule), true] : [200, false];
  collection.redirects.push(parseRedirectRule({ from: pattern, to, status, force }, 'the rule', notSupported));
}

function takeVercelHeaders(rule: Fields, where: string, collection: RuleCollection): void {
  const { pattern, rename } = vercelSource(textOf(rule, 'source'));
  if (!Array.isArray(rule.headers)) throw new NotSupported('"headers" is not a list');
  const written = rule.headers.map((header: unknown) => {
    if (!isFields(header)) throw new NotSupported('a header is not an object');
    return { where, name: textOf(header, 'key'), value: rename(textOf(header, 'value')) };
  });
  takeHeaders(pattern, written, collection);
}

/** Reads the rules of `vercel.json`: redirects, rewrites, headers, cleanUrls and trailingSlash. Its other settings are not ours. */
export async function readVercelJson(text: string, collection: RuleCollection): Promise<void> {
  let settings: unknown;
  try {
    settings = JSON.parse(text);
  } catch {
    return warn(collection, FILE, 'this is not valid JSON; nothing of the file counts');
  }
  if (!isFields(settings)) return warn(collection, FILE, 'this is not an object; nothing of the file counts');
  if (settings.routes !== undefined)
    warn(collection, FILE, '"routes" is not supported; use redirects, rewrites and headers');
  for (const name of ['cleanUrls', 'trailingSlash'] as const) {
    const value = settings[name];
    if (typeof value === 'boolean') collection[name] = value;
    else if (value !== undefined) warn(collection, FILE, `"${name}" is neither true nor false; it is left out`);
  }
  await takeEach(settings, 'redirects', collection, (rule) => takeRedirect(rule, 'redirect', collection));
  await takeEach(settings, 'rewrites', collection, (rule) => takeRedirect(rule, 'rewrite', collection));
  await takeEach(settings, 'headers', collection, (rule, where) => takeVercelHeaders(rule, where, collection));
}
