/**
 * Which headers a site may set. Reserved are those of Netlify's list (which its servers need themselves), those of one connection
 * (RFC 9110 §7.6.1), and those that act for the platform: towards its edge, other sites of its domain, or intermediate caches.
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
  // Sent verbatim, it would reveal the password to every visitor.
  ['basic-auth', 'password protection is not supported, and everybody can read the site'],
] as const;

/** Headers that servers between the edge routine and a visitor obey, or that are the platform's. */
const RESERVED_BEGINNINGS = ['x-miaobu-', 'x-accel-', 'x-sendfile', 'x-oss-', 'x-fc-', 'ali-', 'proxy-'];

const HEADER_NAME = /^[!#$%&'*+.^_`|~0-9a-z-]{1,100}$/;

/** Why a site may not set a header (its name in lower case), as a sentence; undefined when it may. */
export function headerNameProblem(name: string): string | undefined {
  if (!HEADER_NAME.test(name)) return 'that is not the name of a header';
  for (const [names, reason] of NOT_FOR_SITES) if (names.split(' ').includes(name)) return reason;
  return RESERVED_BEGINNINGS.some((beginning) => name.startsWith(beginning)) ? 'the name is reserved' : undefined;
}

/** Whether a text can be the value of a header: printable ASCII without line breaks. */
export const isHeaderValue = (value: string, limit: number) => value.length <= limit && /^[\x20-\x7e]+$/.test(value);
