import type { Cost } from '@miaobu/shared/contracts/endpoint';
import type { Bucket } from '@miaobu/shared/model/request/rate-limit-repository';

interface Limit {
  /** How many requests may come at once. */
  readonly burst: number;
  /** Seconds in which an empty bucket refills, one token after the other. */
  readonly seconds: number;
}

/** All rate limits. `scale` (RATE_LIMIT_SCALE) multiplies each of them. */
export const rateLimits = {
  /** All requests from one address. */
  address: { burst: 2400, seconds: 60 },
  /** Sign-ins from one address. */
  'address-auth': { burst: 60, seconds: 60 },
  /** Invalid credentials from one address. */
  'address-refused': { burst: 20, seconds: 60 },
  /** One user's requests, with all of their credentials. */
  'user-read': { burst: 1200, seconds: 60 },
  'user-write': { burst: 120, seconds: 60 },
  'user-expensive': { burst: 30, seconds: 60 },
} as const satisfies Record<string, Limit>;

export type LimitName = keyof typeof rateLimits;

const perUser: Readonly<Record<Cost, LimitName | undefined>> = {
  read: 'user-read',
  write: 'user-write',
  expensive: 'user-expensive',
  auth: undefined,
};

/** The buckets that a call takes a token from before anything else. */
export const limitsOf = (cost: Cost): LimitName[] => {
  const ofUser = perUser[cost];
  return [
    'address',
    ...(ofUser === undefined ? [] : [ofUser]),
    ...(cost === 'auth' ? (['address-auth'] as const) : []),
  ];
};

export interface ShownLimit {
  readonly name: LimitName;
  readonly burst: number;
  readonly perSecond: number;
}

export const scaled = (name: LimitName, scale: number): ShownLimit => {
  const burst = Math.max(1, Math.round(rateLimits[name].burst * scale));
  return { name, burst, perSecond: burst / rateLimits[name].seconds };
};

/** The bucket of a limit, per user or per address. */
export const bucketOf = ({ name, burst, perSecond }: ShownLimit, network: string): Bucket =>
  name.startsWith('user-')
    ? { name, capacity: burst, perSecond, ofUser: true }
    : { name: `${name}:${network}`, capacity: burst, perSecond, ofUser: false };

/**
 * What counts as one address: an IPv4 address, or the first 64 bits of an IPv6 address, because the smallest assigned block lets its
 * owner vary the rest at will.
 */
export function networkOf(address: string | undefined): string {
  if (address === undefined) return 'unknown';
  if (!address.includes(':')) return address;
  const [head = '', tail] = address.split('%', 1)[0]?.toLowerCase().split('::') ?? [];
  const groups = (part: string) => (part === '' ? [] : part.split(':'));
  const missing = tail === undefined ? 0 : 8 - groups(head).length - groups(tail).length;
  const all = [...groups(head), ...Array.from({ length: Math.max(0, missing) }, () => '0'), ...groups(tail ?? '')];
  return `${all
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(':')}::/64`;
}
