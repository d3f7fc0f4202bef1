import { randomBytes, randomUUID } from 'node:crypto';
import { fcDoorbell } from '@miaobu/shared/adapters/aliyun/fc-doorbell';
import { openDatabase } from '@miaobu/shared/db/database';
import { sql } from '@miaobu/shared/db/sql';
import { showId } from '@miaobu/shared/kernel/ids';
import { repositories } from '@miaobu/shared/model/repositories';
import { expect, test } from 'vitest';
import { commit, eachTestHasAHookedProject } from '../../tests/database/hooked-project.ts';
import { importProject } from '../../tests/database/import-project.ts';
import { pushEvent, signatureOf, webhookUnderTest } from '../../tests/database/webhook-under-test.ts';

const LIMIT_BYTES = 25 * 1024 * 1024;

const hooked = eachTestHasAHookedProject();

const event = () => pushEvent({ after: commit(randomUUID()), pushedAt: 1000 });
const rows = async () => {
  const [counted] = await hooked.stored.db.query<{ deliveries: number; deployments: number; messages: number }>(sql`
    select (select count(*) from webhook_deliveries) as deliveries, (select count(*) from deployments) as deployments,
           (select count(*) from outbox) as messages`);
  return counted;
};
const NOTHING = { deliveries: 0, deployments: 0, messages: 0 };

test('a missing, malformed or wrong signature and an unknown hook all get the same 401, and leave nothing', async () => {
  const { deliver, rings } = webhookUnderTest(hooked.stored);
  const other = await importProject(hooked.stored, { slug: 'docs' });
  const body = JSON.stringify(event());
  const right = signatureOf(hooked.site.webhookSecret, body);
  const flipped = `${right.slice(0, -1)}${right.endsWith('0') ? '1' : '0'}`;
  const signatures = {
    missing: null,
    empty: '',
    'of other bytes': signatureOf(hooked.site.webhookSecret, `${body} `),
    'of another project': signatureOf(other.webhookSecret, body),
    'of no secret': signatureOf('', body),
    'wrong in its last digit': flipped,
    short: right.slice(0, -2),
    long: `${right}00`,
    'in capitals': right.replace(/[0-9a-f]{64}$/, (hex) => hex.toUpperCase()),
    'SHA-1': `sha1=${right.slice('sha256='.length, 'sha256='.length + 40)}`,
    'without its name': right.slice('sha256='.length),
  };
  const answers = new Map<string, unknown>();
  const headers = { 'x-request-id': 'one-and-the-same' };
  for (const [name, signature] of Object.entries(signatures)) {
    const { status, body: answer } = await deliver(hooked.site, body, {
      headers: { ...headers, 'x-hub-signature-256': signature },
    });
    answers.set(name, { status, answer });
  }
  const unknownHooks = [
    showId('project', '01893726-efee-7f02-8fbf-9f2b7bc2f910'),
    showId('deployment', hooked.site.project.id),
    hooked.site.project.id,
    hooked.site.project.slug,
    '%00',
    "' or 1=1 --",
  ];
  for (const hook of unknownHooks) {
    const { status, body: answer } = await deliver({ ...hooked.site, hook }, body, { headers });
    answers.set(hook, { status, answer });
  }
  const refusal = {
    status: 401,
    answer: {
      error: { code: 'unauthorized', message: 'Send a valid token as `Authorization: Bearer …`, or sign in again.' },
      request_id: 'one-and-the-same',
    },
  };
  for (const [name, answer] of answers) expect(answer, name).toEqual(refusal);
  expect(await rows()).toEqual(NOTHING);
  expect(rings).toEqual([]);
});

test('a correctly signed push that names another repository is refused and leaves only a warning', async () => {
  const { deliver, log } = webhookUnderTest(hooked.stored);
  const push = pushEvent({ after: 'a'.repeat(40), pushedAt: 1000, repositoryId: 2 });
  const answer = await deliver(hooked.site, push);
  expect([answer.status, answer.body.error?.code]).toEqual([403, 'forbidden']);
  expect(await rows()).toEqual(NOTHING);
  expect(log.join('')).toContain('a signed push names another repository');
});

test('the signature is checked over the raw bytes, before any parsing', async () => {
  const { deliver } = webhookUnderTest(hooked.stored);
  const spaced = JSON.stringify(event(), null, 3).replaceAll('"refs/heads/main"', '"refs/heads/m\\u0061in"');
  const answer = await deliver(hooked.site, spaced);
  expect([answer.status, answer.body.data?.outcome]).toEqual([202, 'accepted']);
});

test('a ping is answered and not recorded', async () => {
  const { deliver } = webhookUnderTest(hooked.stored);
  const answer = await deliver(hooked.site, { zen: 'Keep it logically awesome.', hook_id: 1 }, { event: 'ping' });
  expect([answer.status, answer.body.data?.outcome]).toEqual([202, 'pong']);
  expect(await rows()).toEqual(NOTHING);
});

test('other events are recorded and ignored', async () => {
  const { deliver, rings } = webhookUnderTest(hooked.stored);
  const answer = await deliver(hooked.site, { action: 'opened' }, { event: 'issues' });
  expect(answer.status).toBe(202);
  expect(answer.body.data).toEqual({
    outcome: 'ignored',
    replayed: false,
    deployment_id: null,
    note: 'issues events need nothing',
  });
  expect(await rows()).toEqual({ ...NOTHING, deliveries: 1 });
  expect(rings).toEqual([]);
});

test.each([
  ['x-github-event', 422],
  ['x-github-delivery', 422],
  ['content-type', 415],
])('a delivery without %s is refused with %i', async (header, status) => {
  const { deliver, send } = webhookUnderTest(hooked.stored);
  const body = new TextEncoder().encode(JSON.stringify(event()));
  const headers: Record<string, string> = {
    'content-type': 'application/json',
    'x-github-event': 'push',
    'x-github-delivery': randomUUID(),
    'x-hub-signature-256': signatureOf(hooked.site.webhookSecret, body),
  };
  delete headers[header];
  expect((await send(hooked.site.hook, body, headers)).status).toBe(status);
  expect((await deliver(hooked.site, event(), { headers: { [header]: '' } })).status).toBe(status);
  expect(await rows()).toEqual(NOTHING);
});

test.each(['application/x-www-form-urlencoded', 'text/plain', 'application/jsonp'])(
  'the content type %s is refused with 415',
  async (type) => {
    const answer = await webhookUnderTest(hooked.stored).deliver(hooked.site, event(), {
      headers: { 'content-type': type },
    });
    expect([answer.status, answer.body.error?.code]).toEqual([415, 'unsupported_media_type']);
    expect(await rows()).toEqual(NOTHING);
  },
);

test('the JSON content type is accepted in upper case and with a charset', async () => {
  const headers = { 'content-type': 'Application/JSON; charset=utf-8' };
  expect((await webhookUnderTest(hooked.stored).deliver(hooked.site, event(), { headers })).status).toBe(202);
});

test.each([
  ['not JSON', 'payload=%7B%7D', 400],
  ['empty', '', 400],
  ['cut off', '{"ref":"refs/heads/main"', 400],
  ['nested a hundred thousand deep and open', '['.repeat(100_000), 400],
  ['nested a hundred thousand deep', `${'['.repeat(100_000)}${']'.repeat(100_000)}`, 400],
  [
    'a push with something nested too deep in it',
    JSON.stringify({ ...event(), more: JSON.parse('['.repeat(32) + ']'.repeat(32)) }),
    400,
  ],
  ['JSON, but no push', '{"ref":1}', 422],
  ['a push of nothing like a commit', JSON.stringify(pushEvent({ after: "'; drop table", pushedAt: 1 })), 422],
])('a body that is %s is refused, and none of it is echoed or stored', async (_, body, status) => {
  const answer = await webhookUnderTest(hooked.stored).deliver(hooked.site, body);
  expect(answer.status).toBe(status);
  expect(JSON.stringify(answer.body)).not.toContain('drop table');
  expect(await rows()).toEqual(NOTHING);
});

test.each([
  ['at once', () => hooked.stored.store],
  ['behind the lock', () => overtaken()],
])('text that Postgres cannot store does not block the deployment of a push accepted %s', async (_, store) => {
  const { deliver } = webhookUnderTest({ store: store(), sealer: hooked.stored.sealer });
  const message = 'nul\0and \ud83d';
  const answer = await deliver(
    hooked.site,
    pushEvent({ after: commit('a'), pushedAt: 1000, message, author: 'y\0ou' }),
  );
  expect([answer.status, answer.body.data?.outcome]).toEqual([202, 'accepted']);
  const kept = await hooked.stored.db.query(sql`select commit_message, commit_author from deployments`);
  expect(kept).toEqual([{ commitMessage: 'nul\ufffdand \ufffd', commitAuthor: 'y\ufffdou' }]);
});

test('a branch whose name Postgres cannot store is recorded, and counts as followed by nobody', async () => {
  const push = pushEvent({ after: commit('a'), pushedAt: 1000, ref: 'refs/heads/ma\0in' });
  const answer = await webhookUnderTest(hooked.stored).deliver(hooked.site, push);
  expect([answer.status, answer.body.data?.outcome]).toEqual([202, 'ignored']);
  expect(await hooked.stored.db.query(sql`select ref from webhook_deliveries`)).toEqual([
    { ref: 'refs/heads/ma\ufffdin' },
  ]);
});

/** An endless body, and how much of it was read. */
function endlessBody() {
  const read = { bytes: 0, cancelled: false };
  const chunk = new Uint8Array(1024 * 1024).fill(32);
  const stream = new ReadableStream<Uint8Array>(
    {
      pull(controller) {
        read.bytes += chunk.length;
        controller.enqueue(chunk);
      },
      cancel() {
        read.cancelled = true;
      },
    },
    { highWaterMark: 0 },
  );
  return { stream, read };
}

test('a body above 25 MB is refused with 413, and not read to its end', async () => {
  const { send } = webhookUnderTest(hooked.stored);
  const headers = { 'content-type': 'application/json', 'x-github-event': 'push', 'x-github-delivery': randomUUID() };
  const endless = endlessBody();
  const answer = await send(hooked.site.hook, endless.stream, headers);
  expect([answer.status, answer.body.error?.code]).toEqual([413, 'payload_too_large']);
  expect(endless.read.bytes).toBeLessThanOrEqual(LIMIT_BYTES + 2 * 1024 * 1024);
  expect(endless.read.cancelled).toBe(true);
});

test('a body that declares more than 25 MB is refused without reading any of it', async () => {
  const { send } = webhookUnderTest(hooked.stored);
  const announced = endlessBody();
  const answer = await send(hooked.site.hook, announced.stream, {
    'content-type': 'application/json',
    'content-length': String(LIMIT_BYTES + 1),
  });
  expect(answer.status).toBe(413);
  expect(announced.read.bytes).toBe(0);
});

test('a push of almost 25 MB is accepted', async () => {
  const push = { ...event(), padding: 'x'.repeat(LIMIT_BYTES - 10_000) };
  expect((await webhookUnderTest(hooked.stored).deliver(hooked.site, push)).status).toBe(202);
});

test('while Postgres is unavailable every delivery is answered 503 with Retry-After, and nothing is woken', async () => {
  const db = openDatabase({ url: 'postgres://nobody@127.0.0.1:1/nothing', poolSize: 1 });
  const { deliver, rings } = webhookUnderTest({ store: repositories(db), sealer: hooked.stored.sealer });
  for (const kind of ['push', 'ping', 'issues']) {
    const answer = await deliver(hooked.site, event(), { event: kind });
    expect([answer.status, answer.body.error?.code]).toEqual([503, 'database_unavailable']);
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
  }
  expect(rings).toEqual([]);
  await db.close();
});

/** A store whose statement for a push detects a change, so that the push takes the pessimistic path. */
const overtaken = (): typeof hooked.stored.store => ({
  ...hooked.stored.store,
  pushes: { ...hooked.stored.store.pushes, accept: async (pushes) => pushes.map(() => undefined) },
});

test('a connection lost just before the commit is a 503, and the redelivery is accepted', async () => {
  const { db } = hooked.stored;
  const store = overtaken();
  const fragile: typeof store = {
    ...store,
    transaction: (work) =>
      store.transaction(async (transaction) => {
        const result = await work(transaction);
        await db.query(sql`
          select pg_terminate_backend(pid, 5000) from pg_stat_activity
           where datname = current_database() and state = 'idle in transaction'`);
        return result;
      }),
  };
  const guid = randomUUID();
  const push = event();
  const broken = webhookUnderTest({ store: fragile, sealer: hooked.stored.sealer });
  expect((await broken.deliver(hooked.site, push, { guid })).status).toBe(503);
  expect(broken.rings).toEqual([]);
  expect(await rows()).toEqual(NOTHING);

  const answer = await webhookUnderTest(hooked.stored).deliver(hooked.site, push, { guid });
  expect(answer.body.data).toMatchObject({ outcome: 'accepted', replayed: false });
});

test('a push overtaken during its decision is decided again behind the lock, with the same result', async () => {
  const { deliver } = webhookUnderTest({ store: overtaken(), sealer: hooked.stored.sealer });
  const guid = randomUUID();
  const push = event();
  expect((await deliver(hooked.site, push, { guid })).body.data).toMatchObject({
    outcome: 'accepted',
    replayed: false,
  });
  expect((await deliver(hooked.site, push, { guid })).body.data).toMatchObject({ outcome: 'accepted', replayed: true });
  expect(await hooked.stored.db.query(sql`select status, seq from deployments`)).toEqual([
    { status: 'queued', seq: 1 },
  ]);
  expect((await hooked.stored.messages('build.start')).length).toBe(1);
});

test('the doorbell is rung only after the commit', async () => {
  const seen: unknown[] = [];
  const { deliver } = webhookUnderTest(hooked.stored, {
    async ring(requestId) {
      // A connection other than the transaction's, which has ended.
      seen.push(await hooked.stored.db.query(sql`select request_id from deployments`));
      expect(requestId).toBe('request-of-the-push');
    },
  });
  await deliver(hooked.site, event(), { headers: { 'x-request-id': 'request-of-the-push' } });
  expect(seen).toEqual([[{ requestId: 'request-of-the-push' }]]);
});

test('a doorbell that nobody answers does not make a push fail', async () => {
  const warnings: string[] = [];
  const doorbell = fcDoorbell({
    endpoint: 'http://127.0.0.1:1',
    functionName: 'deploy',
    credentials: () => ({ accessKeyId: 'id', accessKeySecret: randomBytes(8).toString('hex') }),
    log: { warn: (message) => void warnings.push(message) },
  });
  const answer = await webhookUnderTest(hooked.stored, doorbell).deliver(hooked.site, event());
  expect([answer.status, answer.body.data?.outcome]).toEqual([202, 'accepted']);
  expect(warnings).toEqual(['the doorbell was not heard']);
});

test('an internal error is a 500 that reveals nothing, and its cause is only in the log', async () => {
  const { deliver, log } = webhookUnderTest(hooked.stored);
  await hooked.stored.db.query(sql`update projects set webhook_secret_sealed = 'v1.broken'`);
  const unreadable = await deliver(hooked.site, event());
  expect([unreadable.status, unreadable.body.error?.code]).toEqual([500, 'secret_unreadable']);
  await hooked.stored.db.query(sql`alter table projects rename column slug to renamed`);
  const answer = await deliver(hooked.site, event(), { headers: { 'x-request-id': 'find-me' } });
  await hooked.stored.db.query(sql`alter table projects rename column renamed to slug`);
  expect(answer.status).toBe(500);
  expect(answer.body).toEqual({
    error: {
      code: 'internal',
      message: 'Something went wrong here. Try again; if the problem persists, report the request id.',
    },
    request_id: 'find-me',
  });
  expect(log.find((line) => line.includes('find-me') && line.includes('p.slug does not exist'))).toBeDefined();
});
