import { api as table } from '@miaobu/shared/contracts/api';
import type { Endpoint } from '@miaobu/shared/contracts/endpoint';
import { errors } from '@miaobu/shared/contracts/errors';
import { errorCodesOf } from '@miaobu/shared/contracts/openapi-errors';
import { sql } from '@miaobu/shared/db/sql';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { documentedOperations, undocumented } from '../../tests/api/documented-operations.ts';
import { provokeByForm } from '../../tests/api/provoke-by-form.ts';
import { provokeByState } from '../../tests/api/provoke-by-state.ts';
import { makeWorld, type World } from '../../tests/api/tenants.ts';
import { apiUnderTest, type RawAnswer } from '../../tests/database/api-under-test.ts';
import { openTestStore, type TestStore } from '../../tests/database/prepare-deployment.ts';

// An operation that promises an error without a provocation fails here, until `tests/api/provoke-by-state.ts` has one.

let own: TestStore;
let world: World;

const endpoints: Readonly<Record<string, Endpoint>> = table;
const promised = documentedOperations.flatMap((operation) => {
  const endpoint = endpoints[operation.id];
  return endpoint ? errorCodesOf(endpoint).map((code) => ({ operation, code, title: `${operation.id} ${code}` })) : [];
});

/** Each waits for the same five seconds, so they wait in parallel. */
const timeouts = new Map<string, Promise<RawAnswer>>();

beforeAll(async () => {
  own = await openTestStore();
  world = await makeWorld(own, apiUnderTest(own, { rateLimitScale: 10_000 }));
  await own.db.query(sql`update users set max_projects = 10000`);
  for (const { operation, code, title } of promised) {
    const provoke = provokeByForm[code];
    if (code === 'request_timeout' && provoke) timeouts.set(title, provoke(world, operation));
  }
});
afterAll(() => own.close());

test('every provocation is for a documented error', () => {
  const titles = promised.map(({ title }) => title);
  expect(Object.keys(provokeByState).filter((title) => !titles.includes(title))).toEqual([]);
});

describe('every documented error is returned as documented', () => {
  test.each(promised.map((each) => [each.title, each] as const))('%s', async (title, { operation, code }) => {
    const provoke = provokeByState[title] ?? provokeByForm[code];
    if (!provoke) throw new Error('nobody knows how to provoke this');
    const answer = await (timeouts.get(title) ?? provoke(world, operation));
    expect([answer.status, answer.body.error?.code], answer.text).toEqual([errors[code].status, code]);
    expect(undocumented(operation, answer.status, answer.headers.get('content-type'), answer.text)).toEqual([]);
  });
});
