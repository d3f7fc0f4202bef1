/**
 * Which headers a site may decide on. The list is Netlify's (what its servers need themselves), what belongs to one connection
 * (RFC 9110 §7.6.1), and what would speak for the platform: to its edge, to other sites of its domain, or to caches between.
 *
 * No zod in this file: the edge routine bundles it.
 */
const NOT_FOR_SITES = [
  [
    'accept-ranges age allow alt-svc content-encoding content-length content-range date etag last-modified server ' +
      'strict-transport-security',
    'the platform sets it itself',
  ],
  [
    'connection keep-alive proxy-authenticate proxy-authorization proxy-connection te trailer transfer-encoding upgrade via',
    'it belongs to one connection',
  ],
  [
    'cdn-cache-control cloudflare-cdn-cache-control netlify-cdn-cache-control surrogate-control vercel-cdn-cache-control',
    'the platform decides what its caches keep',
  ],
  ['x-content-type-options', 'the platform always sends nosniff'],
  ['location', 'a redirect needs a rule of its own'],
  ['set-cookie', 'a static site sets no cookies'],
  // Sent as it is written, it would tell every visitor the password.
  ['basic-auth', 'password protection is not supported, and everybody can read the site'],
] as const;

/** Names that servers between the edge routine and a visitor take for instructions, or that are the platform's. */
const RESERVED_BEGINNINGS = ['x-miaobu-', 'x-accel-', 'x-sendfile', 'x-oss-', 'x-fc-', 'ali-', 'proxy-'];

const HEADER_NAME = /^[!#$%&'*+.^_`|~0-9a-z-]{1,100}$/;

/** Why a site may not set a header (its name in lower case), as a sentence; undefined when it may. */
export function headerNameProblem(name: string): string | undefined {
  if (!HEADER_NAME.test(name)) return 'that is not the name of a header';
  for (const [names, reason] of NOT_FOR_SITES) if (names.split(' ').includes(name)) return reason;
  return RESERVED_BEGINNINGS.some((beginning) => name.startsWith(beginning)) ? 'the name is reserved' : undefined;
}

/** Whether a text can be the value of a header: printable ASCII, nothing that ends a line. */
export const isHeaderValue = (value: string, limit: number) => value.length <= limit && /^[\x20-\x7e]+$/.test(value);
