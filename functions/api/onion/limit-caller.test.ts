import { mintApiToken } from '@miaobu/shared/kernel/api-token';
import { showId } from '@miaobu/shared/kernel/ids';
import type { Caller } from '@miaobu/shared/model/request/rate-limit-repository';
import { expect, test } from 'vitest';
import { limit } from './limit.ts';

const ADA = '01893726-efee-7f02-8fbf-9f2b7bc2f910';
const { token, sha256 } = mintApiToken();

/** Whose bucket is used for this credential. */
async function callerWith(authorization: string | undefined): Promise<Caller | undefined> {
  let asked: Caller | undefined;
  const take = async (_: unknown, caller?: Caller) => {
    asked = caller;
    return [];
  };
  const { admit } = limit({
    store: { rateLimits: { take, forgetFull: async () => 0 } },
    accessTokens: {
      verify: async (given) =>
        given === 'signed.by.us' ? { userId: showId('user', ADA), sessionId: 'ses_1' } : undefined,
    },
    scale: 1,
  });
  await admit({ cost: 'read', address: undefined, authorization }, () => {});
  return asked;
}

test.each([
  ['an access token is its user, without a query', 'Bearer signed.by.us', { userId: ADA }],
  ['an access token that we did not sign is nobody', 'Bearer signed.by.others', {}],
  ['an API token is found by its hash, together with the buckets', `Bearer ${token}`, { apiTokenSha256: sha256 }],
  ['an API token with a mistyped character is nobody', `Bearer ${token}x`, {}],
  ['another scheme is nobody', 'Basic YTpi', {}],
  ['nothing is nobody', undefined, {}],
])('%s', async (_, authorization, caller) => {
  expect(await callerWith(authorization)).toEqual(caller);
});
