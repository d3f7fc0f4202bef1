import type { Cost, Endpoint } from '@miaobu/shared/contracts/endpoint';
import { apiTokenHash } from '@miaobu/shared/kernel/api-token';
import { AppError } from '@miaobu/shared/kernel/app-error';
import { readId } from '@miaobu/shared/kernel/ids';
import type { AccessTokens } from '@miaobu/shared/model/account/access-tokens';
import type { Store } from '@miaobu/shared/model/repositories';
import type { Caller, Taken } from '@miaobu/shared/model/request/rate-limit-repository';
import { bucketOf, type LimitName, limitsOf, networkOf, type ShownLimit, scaled } from './rate-limits.ts';

export interface Deps {
  readonly store: Pick<Store, 'rateLimits'>;
  readonly accessTokens: Pick<AccessTokens, 'verify'>;
  readonly scale: number;
}

export interface Asked {
  readonly cost: Cost;
  readonly address: string | undefined;
  readonly authorization: string | undefined;
}

/** Sets headers of the response, whatever its status. */
type SetHeader = (name: string, value: string) => void;

interface Level extends Taken {
  readonly limit: ShownLimit;
}

/** The cost category of a call. */
export const costOf = ({ cost, tag, method }: Pick<Endpoint, 'cost' | 'tag' | 'method'>): Cost =>
  cost ?? (tag === 'auth' ? 'auth' : method === 'GET' ? 'read' : 'write');

const left = ({ tokens }: Level) => Math.max(0, Math.floor(tokens));
const secondsUntilFull = ({ tokens, limit }: Level) => Math.ceil((limit.burst - tokens) / limit.perSecond);
const secondsUntilOne = ({ tokens, limit }: Level) => Math.max(1, Math.ceil((1 - tokens) / limit.perSecond));

/**
 * `RateLimit-Policy` and `RateLimit` (draft-ietf-httpapi-ratelimit-headers-10) report all limits; the three older, widely supported
 * headers report the one closest to exhaustion.
 */
function show(levels: readonly Level[], header: SetHeader): void {
  const tightest = levels.toSorted((a, b) => left(a) - left(b))[0];
  if (!tightest) return;
  const items = (text: (level: Level) => string) =>
    levels.map((each) => `"${each.limit.name}";${text(each)}`).join(', ');
  header(
    'ratelimit-policy',
    items(({ limit }) => `q=${limit.burst};w=${Math.round(limit.burst / limit.perSecond)}`),
  );
  header(
    'ratelimit',
    items((level) => `r=${left(level)};t=${secondsUntilFull(level)}`),
  );
  header('ratelimit-limit', String(tightest.limit.burst));
  header('ratelimit-remaining', String(left(tightest)));
  header('ratelimit-reset', String(secondsUntilFull(tightest)));
}

export function limit(deps: Deps) {
  async function take(names: readonly LimitName[], address: string | undefined, caller: Caller, header: SetHeader) {
    const limits = names.map((name) => scaled(name, deps.scale));
    const network = networkOf(address);
    const buckets = limits.map((each) => ({ each, bucket: bucketOf(each, network) }));
    const taken = await deps.store.rateLimits.take(
      buckets.map(({ bucket }) => bucket),
      caller,
    );
    const levels = buckets.flatMap(({ each, bucket }) =>
      taken.filter(({ name }) => name === bucket.name).map((level): Level => ({ ...level, limit: each })),
    );
    show(levels, header);
    const refused = levels.filter(({ granted }) => !granted);
    if (refused.length === 0) return;
    const retryAfterSeconds = Math.max(...refused.map(secondsUntilOne));
    throw new AppError('rate_limited', { details: { limit: refused[0]?.limit.name, retryAfterSeconds } });
  }

  /** The caller as stated by the credential, whose validity is checked later. */
  async function callerOf(authorization: string | undefined): Promise<Caller> {
    const [, token] = /^Bearer\s+(\S+)$/i.exec(authorization ?? '') ?? [];
    if (token === undefined) return {};
    if (!token.includes('.')) return { apiTokenSha256: apiTokenHash(token) };
    const claims = await deps.accessTokens.verify(token);
    return { userId: claims && readId('user', claims.userId) };
  }

  return {
    /** Throws `rate_limited` when the address or the user has sent too many requests. One statement, before anything more expensive. */
    async admit({ cost, address, authorization }: Asked, header: SetHeader): Promise<void> {
      await take(limitsOf(cost), address, await callerOf(authorization), header);
    },

    /**
     * Call after an invalid credential: throws `rate_limited` when there were too many from this address. Valid ones are still accepted
     * then: nobody is locked out by a neighbour, and 178 random bits cannot be guessed.
     */
    refused: (address: string | undefined, header: SetHeader): Promise<void> =>
      take(['address-refused'], address, {}, header),
  };
}
