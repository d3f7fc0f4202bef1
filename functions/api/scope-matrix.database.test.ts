import { type OperationId, api as table } from '@miaobu/shared/contracts/api';
import type { Endpoint } from '@miaobu/shared/contracts/endpoint';
import { type Scope, scopes } from '@miaobu/shared/contracts/scopes';
import { mintApiToken } from '@miaobu/shared/kernel/api-token';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type ApiUnderTest, apiUnderTest, type SignedUpUser } from '../../tests/database/api-under-test.ts';
import { openTestStore, type TestStore } from '../../tests/database/prepare-deployment.ts';

const endpoints = Object.entries(table) as [OperationId, Endpoint][];
const needing = (access: 'session' | 'scope') =>
  endpoints.filter(([, it]) => it.access !== 'public' && (it.access === 'session') === (access === 'session'));

let own: TestStore;
let api: ApiUnderTest;
let admin: SignedUpUser;
let stranger: SignedUpUser;

beforeAll(async () => {
  own = await openTestStore();
  api = apiUnderTest(own);
  admin = await api.signUp('ada');
  await own.store.accounts.makeAdmin(admin.user.id);
  stranger = await api.signUp('eve');
});
afterAll(() => own.close());

/** Calls an operation, with nonexistent ids and an empty body, with a new token of these scopes. */
async function askWith(scopes: readonly Scope[], { method, path, body }: Endpoint, who: SignedUpUser = admin) {
  const { token, sha256, prefix } = mintApiToken();
  await own.store.accounts.insertApiToken({ userId: who.user.id, name: 'matrix', prefix, sha256, scopes });
  return api.ask(method, path.replace(/\{\w+\}/g, 'nothing'), {
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    ...(body === null ? {} : { body: '{}' }),
  });
}

test.each(needing('scope'))(
  '%s is refused to a token with all other scopes, naming the missing one',
  async (_, endpoint) => {
    const others = scopes.filter((scope) => scope !== endpoint.access);
    expect(others).toHaveLength(scopes.length - 1);
    const { status, body } = await askWith(others, endpoint);
    expect({ status, ...body }).toMatchObject({
      status: 403,
      error: { code: 'forbidden', details: { scope: endpoint.access } },
    });
  },
);

test.each(needing('scope'))('%s requires no scope of a token but its own', async (_, endpoint) => {
  const { status, body } = await askWith([endpoint.access as Scope], endpoint);
  expect(status).not.toBe(401);
  expect(body.error?.code).not.toBe('forbidden');
});

test.each(needing('session'))('%s is refused to a token with all scopes', async (_, endpoint) => {
  const { status, body } = await askWith(scopes, endpoint);
  expect({ status, ...body }).toMatchObject({
    status: 403,
    error: { code: 'forbidden', details: { needs: 'a signed-in session' } },
  });
});

test.each(endpoints.filter(([, { access }]) => access.startsWith('platform:')))(
  '%s does not exist for anybody but administrators, with or without the scope',
  async (_, endpoint) => {
    for (const granted of [scopes, []]) {
      const { status, body } = await askWith(granted, endpoint, stranger);
      expect({ status, ...body }).toMatchObject({ status: 404, error: { code: 'not_found' } });
    }
  },
);

test.each(endpoints.filter(([, { access }]) => access !== 'public'))(
  '%s is refused without a credential',
  async (_, endpoint) => {
    const { method, path } = endpoint;
    expect(await api.ask(method, path.replace(/\{\w+\}/g, 'nothing'))).toMatchObject({
      status: 401,
      body: { error: { code: 'unauthorized' } },
    });
  },
);
