import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type ArbitraryRequest, arbitraryRequest } from '../../tests/api/arbitrary-request.ts';
import {
  type DocumentedOperation,
  documentedOperations,
  idKindsOf,
  undocumented,
} from '../../tests/api/documented-operations.ts';
import { makeIds, makeWorld, missingId, type World } from '../../tests/api/tenants.ts';
import { apiUnderTest, ORIGIN } from '../../tests/database/api-under-test.ts';
import { openTestStore, type TestStore } from '../../tests/database/prepare-deployment.ts';

const REQUESTS = 2400;
/** The same requests in every run; another seed gives others. */
const SEED = 20_260_203;

const fuzzed = documentedOperations.filter(({ path }) => path.startsWith('/api/'));
const runs = Math.ceil(REQUESTS / fuzzed.length);
/** These invalidate sessions or change the platform's rules, so a fresh start follows. */
const changesEverything = ({ id, method, path }: DocumentedOperation) =>
  id.startsWith('signOut') || (method !== 'GET' && path.startsWith('/api/v1/platform/'));
const CREDENTIALS = [
  ...['ada', 'operator', 'ada', 'ada', 'ada by token', 'ada by token'],
  ...['operator', 'bob', 'nobody', 'nonsense'],
];

let own: TestStore;
let world: World;
let ids: readonly Readonly<Record<string, string>>[];
const answered = new Map<string, Set<number>>();

const begin = async () => {
  await own.empty();
  world = await makeWorld(own, apiUnderTest(own, { rateLimitScale: 10_000 }));
  // The repository of the document's examples.
  world.api.codeHost.repositories.push({
    id: 1_000_000,
    fullName: 'you/blog',
    branches: { main: 'c'.repeat(40) },
    visibleTo: ['github-ada'],
  });
};
beforeAll(async () => {
  own = await openTestStore();
  await begin();
});
afterAll(() => own.close());

function authorizationOf(credential: string): Record<string, string> {
  const bearer = {
    ada: world.ada.session,
    'ada by token': world.ada.token,
    operator: world.operator.session,
    bob: world.bob.session,
    nonsense: 'mb_live_nonsense',
  }[credential];
  return bearer === undefined ? {} : { authorization: `Bearer ${bearer}` };
}

/** Encoded as one path segment; a lone surrogate is sent as its raw bytes. */
const encoded = (text: string) =>
  encodeURIComponent(text.replace(/\p{Surrogate}/gu, '\ufffd')).replaceAll('%EF%BF%BD', '%ED%A0%80');

/** The problems of a response. */
async function send(operation: DocumentedOperation, request: ArbitraryRequest): Promise<string[]> {
  const path = operation.path.replace(/\{(\w+)\}/g, (_, name: string) => {
    const id = request.ids[name];
    return encoded(typeof id === 'string' ? id : (ids[id ?? 0]?.[name] ?? missingId(name)));
  });
  const search = request.query.map(([name, value]) => `${encoded(name)}=${encoded(value)}`).join('&');
  const url = new URL(`${ORIGIN}${path}${search === '' ? '' : `?${search}`}`);
  const answer = await world.api.app.request(url.href, {
    method: operation.method,
    headers: new Headers(
      Object.entries({ ...request.headers, ...authorizationOf(request.credential) }).filter(([, value]) =>
        /^[\x20-\x7e]*$/.test(value),
      ),
    ),
    ...(request.body === undefined || operation.method === 'GET' ? {} : { body: request.body }),
  });
  answered.set(operation.id, (answered.get(operation.id) ?? new Set()).add(answer.status));
  if (answer.headers.get('content-type') === 'text/event-stream') {
    await answer.body?.cancel();
    return undocumented(operation, answer.status, 'text/event-stream', '');
  }
  const coded = answer.headers.get('content-encoding') !== null;
  const text = coded ? '' : await answer.text();
  if (answer.status >= 500) return [`${answer.status} ${text}`, ...world.api.log.slice(-2)];
  // `..` and an empty id change the path's meaning.
  const isAsMeant = new RegExp(`^${operation.path.replace(/\{\w+\}/g, '[^/]+')}$`).test(url.pathname);
  const isAmbiguous = ['import'].includes(String(request.ids.variable));
  if (!isAsMeant || isAmbiguous)
    return [404, 405, 401, 422, 200].includes(answer.status) ? [] : [`${answer.status} ${text}`];
  return coded ? [] : undocumented(operation, answer.status, answer.headers.get('content-type'), text);
}

test.each(fuzzed.map((operation) => [operation.id, operation] as const))(
  '%s answers any input as documented, and never by failing',
  async (_, operation) => {
    ids = [
      await makeIds(world, world.ada, idKindsOf(operation)),
      await makeIds(world, world.bob, idKindsOf(operation)),
    ];
    await fc.assert(
      fc.asyncProperty(arbitraryRequest(operation, CREDENTIALS), async (request) => {
        expect(await send(operation, request)).toEqual([]);
      }),
      { numRuns: runs, seed: SEED },
    );
    if (changesEverything(operation)) await begin();
  },
);

test('most operations were not only refused', () => {
  expect(answered.size).toBe(fuzzed.length);
  const refused = [...answered].filter(([, statuses]) => ![...statuses].some((status) => status < 400));
  expect(refused.length / fuzzed.length, JSON.stringify(refused.map(([id]) => id))).toBeLessThan(0.2);
});
