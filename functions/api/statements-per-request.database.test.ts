import type { Database } from '@miaobu/shared/db/database';
import { repositories } from '@miaobu/shared/model/repositories';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { type ApiUnderTest, apiUnderTest, type SignedUpUser } from '../../tests/database/api-under-test.ts';
import { openTestStore, type TestStore } from '../../tests/database/prepare-deployment.ts';

let own: TestStore;
let api: ApiUnderTest;
let ada: SignedUpUser;
let id: string;
const statements: string[] = [];

/** The same database, recording every statement, including those of transactions. */
function counted(db: Database): Database {
  return {
    ...db,
    query: (statement) => {
      statements.push(statement.text);
      return db.query(statement);
    },
    transaction: (work) =>
      db.transaction((transaction) =>
        work({
          query: (statement) => {
            statements.push(statement.text);
            return transaction.query(statement);
          },
          execute: (statement) => {
            statements.push(statement.text);
            return transaction.execute(statement);
          },
        }),
      ),
  };
}

beforeAll(async () => {
  own = await openTestStore();
});
beforeEach(async () => {
  await own.empty();
  api = apiUnderTest({ store: repositories(counted(own.db)), sealer: own.sealer });
  ada = await api.signUp('ada');
  const branches = { main: 'a'.repeat(40) };
  api.codeHost.repositories.push({ id: 1, fullName: 'ada/site', branches, visibleTo: ['github-ada'] });
  id = (await ada.client('createProject', { body: { repo: 'ada/site' } })).data.id;
});
afterAll(() => own.close());

async function during(work: () => Promise<{ status: number }>): Promise<[number, number]> {
  statements.length = 0;
  const { status } = await work();
  return [status, statements.length];
}

test('a read is three statements: the limits, the credential, the data', async () => {
  expect(await during(() => ada.ask('GET', `/api/v1/projects/${id}`))).toEqual([200, 3]);
  expect(await during(() => ada.ask('GET', '/api/v1/projects'))).toEqual([200, 3]);
  expect(await during(() => ada.ask('GET', '/api/v1/user'))).toEqual([200, 2]);
});

test('a refusal costs less: one statement for too many requests or no credential, none for a wrong path', async () => {
  expect(await during(() => api.ask('GET', `/api/v1/projects/${id}`))).toEqual([401, 1]);
  expect(await during(() => api.ask('GET', '/api/v1/nothing'))).toEqual([404, 0]);
  expect(await during(() => ada.ask('GET', `/api/v1/projects/${id}?debug=1`))).toEqual([422, 2]);
  const limited = apiUnderTest(
    { store: repositories(counted(own.db)), sealer: own.sealer },
    { rateLimitScale: 0.0001 },
  );
  await limited.ask('GET', '/api/v1/user');
  expect(await during(() => limited.ask('GET', '/api/v1/user'))).toEqual([429, 1]);
});

test("an idempotency key adds two statements to a request, and saves all of the operation's on a repetition", async () => {
  const cancel = (key?: string) =>
    ada.ask('POST', `/api/v1/projects/${id}/deployments/dep_01h4vjdvzefw18zfwz5dxw5y8g/cancel`, {
      body: '{}',
      headers: { 'content-type': 'application/json', ...(key === undefined ? {} : { 'idempotency-key': key }) },
    });
  const [status, without] = await during(() => cancel());
  expect(status).toBe(404);
  expect(await during(() => cancel('key-1'))).toEqual([404, without + 2]);
  expect(await during(() => cancel('key-1'))).toEqual([404, 3]);
});

test('the number of statements of a list does not depend on its length', async () => {
  const [, few] = await during(() => ada.ask('GET', `/api/v1/projects/${id}/deployments`));
  for (let n = 0; n < 5; n++) await ada.client('createProject', { body: { repo: 'ada/site', slug: `site-${n}` } });
  expect(await during(() => ada.ask('GET', `/api/v1/projects/${id}/deployments`))).toEqual([200, few]);
  expect(await during(() => ada.ask('GET', '/api/v1/projects?limit=100'))).toEqual([200, 3]);
});
