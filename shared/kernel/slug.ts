import { randomBytes } from 'node:crypto';

const SLUG_LIMIT = 40;

/** Names unavailable to projects: our own functions' and hostnames', and conventional ones under a shared domain. */
export const reservedSlugs: ReadonlySet<string> = new Set([
  ...['webhook', 'build-callback', 'api', 'chat', 'chat-turn', 'deploy', 'domain-verify', 'cleanup', 'migrate'],
  ...['www', 'app', 'admin', 'dashboard', 'console', 'docs', 'status', 'blog', 'help', 'support', 'static', 'assets'],
  ...['cdn', 'edge', 'cname', 'origin', 'mail', 'smtp', 'imap', 'pop', 'ftp', 'ns', 'ns1', 'ns2', 'ns3', 'ns4', 'mx'],
  ...['autodiscover', 'autoconfig', 'wpad', 'localhost', 'localdomain', 'broadcasthost', 'isatap', 'root', 'sites'],
  ...['oauth', 'auth', 'login', 'sso', 'account', 'accounts', 'billing', 'security', 'abuse', 'staging', 'preview'],
  ...['production', 'internal', 'miaobu', 'platform', 'system', 'test', 'default', 'null', 'undefined'],
]);

/** Why a slug cannot be used, as the end of a sentence, or undefined when it can. */
export function slugProblem(slug: string): string | undefined {
  if (slug.length === 0) return 'is empty';
  if (slug.length > SLUG_LIMIT) return `is longer than ${SLUG_LIMIT} characters`;
  if (!/^[a-z0-9-]+$/.test(slug)) return 'may only hold lower-case letters, digits and hyphens';
  if (slug.startsWith('-') || slug.endsWith('-')) return 'may not begin or end with a hyphen';
  if (slug.includes('--')) return 'may not hold two hyphens in a row';
  // `{slug}-staging.{base}` is the staging hostname of the project `{slug}`.
  if (slug.endsWith('-staging')) return 'may not end with -staging';
  if (reservedSlugs.has(slug)) return 'is reserved';
  return undefined;
}

const generatedSlug = () => `site-${randomBytes(4).toString('hex')}`;

/**
 * A usable slug from any name: accents are dropped (`Café` → `cafe`), everything else that is not a letter or digit becomes one hyphen,
 * overlong names are cut. A name that leaves nothing (`我的网站`) or something reserved gets a generated slug or a suffix; the result always
 * passes `slugProblem`.
 */
export function slugFrom(name: string): string {
  const plain = name
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, SLUG_LIMIT)
    .replace(/^-+|-+$/g, '');
  if (plain === '') return generatedSlug();
  return slugProblem(plain) === undefined ? plain : slugWithSuffix(plain);
}

/** Another slug for the same name, when the first is taken: adds a random suffix, within the length limit. */
export function slugWithSuffix(slug: string): string {
  const suffix = randomBytes(3).toString('hex');
  return `${slug.slice(0, SLUG_LIMIT - suffix.length - 1).replace(/-+$/, '')}-${suffix}`;
}
