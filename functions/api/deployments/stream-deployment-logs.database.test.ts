import { sql } from '@miaobu/shared/db/sql';
import { showId } from '@miaobu/shared/kernel/ids';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { type ApiUnderTest, apiUnderTest, type SignedUpUser } from '../../../tests/database/api-under-test.ts';
import { type ImportedProject, importProject } from '../../../tests/database/import-project.ts';
import { openTestStore, queueTestDeployment, type TestStore } from '../../../tests/database/prepare-deployment.ts';
import { signedIn } from '../../../tests/database/signed-in.ts';
import type { StreamedEvent } from '../operation.ts';
import { streamDeploymentLogs } from './stream-deployment-logs.ts';

let own: TestStore;
let api: ApiUnderTest;
let ada: SignedUpUser;
let blog: ImportedProject;
let id: string;
let shown: string;

beforeAll(async () => {
  own = await openTestStore();
});
beforeEach(async () => {
  await own.empty();
  api = apiUnderTest(own);
  ada = await api.signUp('ada');
  blog = await importProject(own, { slug: 'blog', owner: ada.user });
  ({ id } = await queueTestDeployment(own, { ...blog, environment: blog.production, hostnames: [] }));
  shown = showId('deployment', id);
});
afterAll(() => own.close());

const become = (status: string) => own.db.query(sql`update deployments set status = ${status} where id = ${id}`);
const lines = (...texts: string[]) => void api.buildLog.lines.set(shown, texts);

/** The events of a stream; `onWait` runs whenever everything so far has been read. */
async function open(
  options: { after?: string; deployment?: string; onWait?: (n: number) => Promise<void>; signal?: AbortSignal } = {},
): Promise<AsyncIterable<StreamedEvent<unknown>>> {
  let waits = 0;
  const stream = streamDeploymentLogs({
    store: own.store,
    buildLog: api.buildLog,
    sleep: async () => {
      waits += 1;
      if (waits > 50) throw new Error('it waits for ever');
      await options.onWait?.(waits);
    },
  });
  const headers = options.after === undefined ? {} : { 'last-event-id': options.after };
  const context = {
    requestId: 'stream',
    log: { info() {}, warn() {}, error() {}, with: () => context.log },
    signal: options.signal ?? new AbortController().signal,
  };
  const request = {
    params: { project: 'blog', deployment: options.deployment ?? shown },
    query: {},
    headers,
    body: undefined,
  };
  return (await stream(request, signedIn(ada.user), context as never)).events;
}

async function all(events: AsyncIterable<StreamedEvent<unknown>>): Promise<StreamedEvent<unknown>[]> {
  const seen: StreamedEvent<unknown>[] = [];
  for await (const event of events) seen.push(event);
  return seen;
}
const told = (events: readonly StreamedEvent<unknown>[]) =>
  events.map(
    ({ event, data }) => `${event} ${(data as { text?: string }).text ?? (data as { status: string }).status}`,
  );

test('a log is streamed as it is written, with every status change, and ends when it is complete', async () => {
  lines('one');
  const events = await open({
    onWait: async (n) => {
      if (n === 1) await become('building');
      if (n === 2) lines('one', 'two', 'three');
      if (n === 3) {
        lines('one', 'two', 'three', 'four');
        await become('failed');
      }
    },
  });
  expect(told(await all(events))).toEqual([
    'log one',
    'status queued',
    'status building',
    'log two',
    'log three',
    'log four',
    'status failed',
  ]);
});

test('cut after any event, reconnecting with its id yields exactly the rest', async () => {
  lines(...Array.from({ length: 450 }, (_, n) => `line ${n}`));
  await become('failed');
  const whole = await all(await open());
  const logs = whole.filter(({ event }) => event === 'log');
  expect(logs).toHaveLength(450);
  for (const place of [0, 1, 198, 199, 200, 201, 399, 448, 449]) {
    const rest = await all(await open({ after: logs[place]?.id ?? '' }));
    expect(rest.filter(({ event }) => event === 'log')).toEqual(logs.slice(place + 1));
    expect(rest.at(-1)).toMatchObject({ event: 'status', data: { status: 'failed' } });
  }
});

test('a stream without a reader makes no further requests', async () => {
  const reader = new AbortController();
  const events = await open({
    signal: reader.signal,
    onWait: async () => reader.abort(),
  });
  expect(told(await all(events))).toEqual(['status queued']);
  expect(api.buildLog.asked).toHaveLength(1);
});

test('a stream of a project that is deleted meanwhile ends', async () => {
  const events = await open({
    onWait: async () => {
      await own.db.query(sql`delete from deployment_events`);
      await own.db.query(sql`delete from deployments`);
    },
  });
  expect(told(await all(events))).toEqual(['status queued']);
});

test('over HTTP it is server-sent events whose ids continue it, and an `end`', async () => {
  lines('one', 'two');
  await become('deployed');
  const path = `/api/v1/projects/blog/deployments/${shown}/logs/stream`;
  const whole = await api.app.request(`https://api.miaobu.localhost${path}`, {
    headers: { authorization: `Bearer ${ada.token}` },
  });
  expect([whole.status, whole.headers.get('content-type')]).toEqual([200, 'text/event-stream']);
  const text = await whole.text();
  expect(text).toContain(
    `id: ${shown}:after-1\nevent: log\ndata: {"at":"2031-02-03T04:05:06.000Z","attempt":1,"text":"one"}\n\n`,
  );
  expect(text).toContain('event: status\ndata: {"status":"deployed"');
  expect(text).toMatch(/event: end\ndata: \{\}\n\n$/);
  const rest = await api.app.request(`https://api.miaobu.localhost${path}`, {
    headers: { authorization: `Bearer ${ada.token}`, 'last-event-id': `${shown}:after-1` },
  });
  const restText = await rest.text();
  expect(restText).not.toContain('"one"');
  expect(restText).toContain('"two"');
});

test("an event id of another deployment's log, or of none, is 409", async () => {
  const other = await queueTestDeployment(own, { ...blog, environment: blog.production, hostnames: [] });
  lines('one', 'two');
  api.buildLog.lines.set(showId('deployment', other.id), ['eins', 'zwei']);
  await own.db.query(sql`update deployments set status = 'failed'`);
  const [theirs] = await all(await open({ deployment: showId('deployment', other.id) }));
  expect(theirs?.id).toBe(`${showId('deployment', other.id)}:after-1`);
  for (const after of [theirs?.id ?? '', 'after-1', '', `${shown}:`, `${shown}:nonsense`]) {
    await expect(open({ after }), after).rejects.toMatchObject({ code: 'resync' });
  }
});

test('an invalid cursor is 409, a foreign or unknown deployment 404, no credential 401; none of them in the URL', async () => {
  const path = `/api/v1/projects/blog/deployments/${shown}/logs/stream`;
  const status = async (who: SignedUpUser, at = path, headers = {}) => {
    const { status: code, body } = await who.ask('GET', at, { headers });
    return [code, body.error?.code];
  };
  expect(await status(ada, path, { 'last-event-id': 'nonsense' })).toEqual([409, 'resync']);
  const bob = await api.signUp('bob');
  expect(await status(bob)).toEqual([404, 'not_found']);
  expect(await status(ada, path.replace(shown, 'dep_nothing'))).toEqual([404, 'not_found']);
  expect((await api.ask('GET', path)).status).toBe(401);
  expect((await api.ask('GET', `${path}?token=${ada.token}`)).status).toBe(401);
});
