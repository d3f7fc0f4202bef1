import { api as table } from '@miaobu/shared/contracts/api';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { askOperation } from '../../tests/api/ask-operation.ts';
import { documentedOperations, idKindsOf, undocumented } from '../../tests/api/documented-operations.ts';
import { makeIds, makers, makeWorld, type World } from '../../tests/api/tenants.ts';
import { type ApiUnderTest, apiUnderTest } from '../../tests/database/api-under-test.ts';
import { openTestStore, type TestStore } from '../../tests/database/prepare-deployment.ts';

/** Text that an internal or vendor error may contain, and nobody outside may read. */
const SECRET = 'select password from users -- at db.internal:5432, upstream said {"token":"ghp_1234"}';

let own: TestStore;
let world: World;
/** The same API, with every operation failing unexpectedly. */
let failing: ApiUnderTest;
let ids: Readonly<Record<string, string>>;

const ofTable = documentedOperations.filter(({ id }) => id.replace(/Alias\d*$/, '') in table);

beforeAll(async () => {
  own = await openTestStore();
  world = await makeWorld(own, apiUnderTest(own));
  const kinds = [...new Set(documentedOperations.flatMap(idKindsOf))].filter((kind) => kind in makers);
  ids = await makeIds(world, world.operator, kinds);
  const fail = async () => {
    throw new Error(SECRET);
  };
  failing = apiUnderTest(own, {
    endpoints: { table, operations: Object.fromEntries(Object.keys(table).map((id) => [id, fail])) },
  });
});
afterAll(() => own.close());

test.each(ofTable.filter(({ streams }) => !streams).map((operation) => [operation.id, operation] as const))(
  'a failure of %s is a 500 with nothing but the request id; the log has the rest',
  async (_, operation) => {
    const answer = await askOperation(failing, operation, {
      ids,
      bearer: operation.isPublic ? world.operator.token : world.operator.session,
      headers: { 'x-request-id': `find-${operation.id}` },
    });
    expect(answer.body).toEqual({
      error: {
        code: 'internal',
        message: 'Something went wrong here. Try again; if the problem persists, report the request id.',
      },
      request_id: `find-${operation.id}`,
    });
    expect(undocumented(operation, answer.status, answer.headers.get('content-type'), answer.text)).toEqual([]);
    expect(JSON.stringify([...answer.headers])).not.toMatch(/select|internal:|ghp_/);
    const logged = failing.log.find((line) => line.includes(`find-${operation.id}`) && line.includes('request failed'));
    expect(logged).toContain('select password from users');
  },
);
