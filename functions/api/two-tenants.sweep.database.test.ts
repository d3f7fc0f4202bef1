import { afterAll, beforeAll, expect, test } from 'vitest';
import { documentedOperations, idKindsOf, pathWith, undocumented } from '../../tests/api/documented-operations.ts';
import { makeIds, makers, makeWorld, type Tenant, type World } from '../../tests/api/tenants.ts';
import { apiUnderTest } from '../../tests/database/api-under-test.ts';
import { openTestStore, type TestStore } from '../../tests/database/prepare-deployment.ts';

let own: TestStore;
let world: World;
let adas: Readonly<Record<string, string>>;

const kinds = [...new Set(documentedOperations.flatMap(idKindsOf))].filter((kind) => kind in makers);
const reading = documentedOperations.filter(
  ({ method, streams, isPublic }) => method === 'GET' && !streams && !isPublic,
);

beforeAll(async () => {
  own = await openTestStore();
  world = await makeWorld(own, apiUnderTest(own));
  adas = await makeIds(world, world.ada, kinds);
});
afterAll(() => own.close());

/** Every response this user can read, by operation: lists in pages of one as well as whole. */
async function everythingReadBy(tenant: Tenant): Promise<Readonly<Record<string, string>>> {
  const read: Record<string, string> = {};
  for (const operation of reading) {
    const answer = await world.api.ask('GET', pathWith(operation, adas), {
      headers: { authorization: `Bearer ${tenant.session}`, 'x-request-id': 'the-same' },
    });
    expect(undocumented(operation, answer.status, answer.headers.get('content-type'), answer.text)).toEqual([]);
    read[operation.id] = `${answer.status} ${answer.text}`;
  }
  return read;
}

test('what another user creates and does changes nothing in what one can read', async () => {
  const before = await everythingReadBy(world.ada);
  expect(Object.values(before).filter((answer) => answer.startsWith('200')).length).toBeGreaterThan(10);
  const bobs = await makeIds(world, world.bob, kinds);
  const after = await everythingReadBy(world.ada);
  expect(after).toEqual(before);
  const seen = JSON.stringify(after);
  // Ids that bob created; names of environments and the like are shared.
  const ids = Object.values(bobs).filter((id) => /^[a-z]{3}_/.test(id));
  expect(ids.length).toBeGreaterThan(5);
  expect(ids.filter((id) => seen.includes(id))).toEqual([]);
});

test("nothing of one user's is in anything that another can read", async () => {
  const read = await everythingReadBy(world.bob);
  const ids = Object.entries(adas).filter(([kind, id]) => kind !== 'user_code' && /^[a-z]{3}_/.test(id));
  for (const [operation, answer] of Object.entries(read)) {
    for (const [kind, id] of ids) expect(answer.includes(id), `${operation} shows a ${kind}`).toBe(false);
  }
});
