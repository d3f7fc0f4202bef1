import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { askOperation } from '../../tests/api/ask-operation.ts';
import { digestDatabase } from '../../tests/api/digest-database.ts';
import { type DocumentedOperation, documentedOperations, idKindsOf } from '../../tests/api/documented-operations.ts';
import { makeIds, makers, makeWorld, missingId, type Tenant, type World } from '../../tests/api/tenants.ts';
import { apiUnderTest, type RawAnswer } from '../../tests/database/api-under-test.ts';
import { openTestStore, type TestStore } from '../../tests/database/prepare-deployment.ts';

// Generated from the OpenAPI document, so new operations are covered automatically.

type Ids = Readonly<Record<string, string>>;
type CredentialKind = 'session' | 'token';

/** Ids without an owner: any user who knows the code may answer it, until one has. */
const OF_NOBODY = ['user_code'];
const swept = documentedOperations.filter(({ ids }) => ids.some((id) => !OF_NOBODY.includes(id)));
const everyKind = [...new Set(documentedOperations.flatMap(idKindsOf))];

let own: TestStore;
let world: World;
/** One of everything: of one user in two projects, and of another user. */
let adas: Ids;
let otherAdas: Ids;
let bobs: Ids;

beforeAll(async () => {
  own = await openTestStore();
  world = await makeWorld(own, apiUnderTest(own));
  const known = everyKind.filter((kind) => kind in makers);
  adas = await makeIds(world, world.ada, known);
  otherAdas = await makeIds(world, world.ada, known);
  bobs = await makeIds(world, world.bob, known);
});
afterAll(() => own.close());

const isOfPlatform = ({ shape }: DocumentedOperation) =>
  shape.security.some(({ token }) => token?.some((scope) => scope.startsWith('platform:')));
const credentialsOf = ({ takesTokens, isPublic }: DocumentedOperation): CredentialKind[] => [
  ...(isPublic ? [] : (['session'] as const)),
  ...(takesTokens || isPublic ? (['token'] as const) : []),
];
/** A response without the ids it repeats from the request. */
const withoutIds = ({ text }: RawAnswer, ids: Ids) =>
  Object.values(ids).reduce((rest, id) => rest.replaceAll(id, '…'), text);

const ask = (operation: DocumentedOperation, as: Tenant, credential: CredentialKind, ids: Ids): Promise<RawAnswer> =>
  askOperation(world.api, operation, { bearer: as[credential], ids });

test('every kind of id that an operation takes can be created here', () => {
  expect(everyKind.filter((kind) => !(kind in makers))).toEqual([]);
});

describe.each(swept.map((operation) => [operation.id, operation] as const))('%s', (_, operation) => {
  const kinds = idKindsOf(operation);

  // Its stream never ends by itself.
  test.skipIf(operation.streams)('is open to the owner', async () => {
    const owner = isOfPlatform(operation) ? world.operator : world.ada;
    const { status, text } = await ask(
      operation,
      owner,
      operation.isPublic ? 'token' : 'session',
      await makeIds(world, owner, kinds),
    );
    // Without a session but with a secret the caller is not the owner.
    expect(operation.isPublic ? [401] : [200, 201, 202, 204, 409], text).toContain(status);
  });

  test("answers for another user's id as for a nonexistent one, and does nothing", async () => {
    const missing = Object.fromEntries(kinds.map((kind) => [kind, missingId(kind)]));
    const before = await digestDatabase(own.db);
    for (const credential of credentialsOf(operation)) {
      const foreign = await ask(operation, world.bob, credential, adas);
      const nothing = await ask(operation, world.bob, credential, missing);
      expect([foreign.status, withoutIds(foreign, adas)], credential).toEqual([
        operation.isPublic ? 401 : 404,
        withoutIds(nothing, missing),
      ]);
    }
    expect(await digestDatabase(own.db)).toEqual(before);
  });

  const [outer, ...inside] = kinds;
  test.skipIf(outer === undefined || inside.length === 0)(
    'finds nothing when a nested id is of another project, and does nothing',
    async () => {
      const before = await digestDatabase(own.db);
      for (const credential of credentialsOf(operation)) {
        for (const [as, whole, stranger] of [
          [world.bob, bobs, adas],
          [world.bob, adas, bobs],
          [world.ada, adas, bobs],
          [world.ada, adas, otherAdas],
        ] as const) {
          // Both may contain it: two repositories of one owner.
          if (whole[outer ?? ''] === stranger[outer ?? '']) continue;
          for (const inner of inside) {
            const mixed = { ...whole, [inner]: stranger[inner] ?? '' };
            const missing = { ...whole, [inner]: missingId(inner) };
            const crossed = await ask(operation, as, credential, mixed);
            const nothing = await ask(operation, as, credential, missing);
            expect([crossed.status, withoutIds(crossed, mixed)], `${as.login}, ${inner}`).toEqual([
              404,
              withoutIds(nothing, missing),
            ]);
          }
        }
      }
      expect(await digestDatabase(own.db)).toEqual(before);
    },
  );
});
