import { sql } from '@miaobu/shared/db/sql';
import { showId } from '@miaobu/shared/kernel/ids';
import { webhookSecretContext } from '@miaobu/shared/model/project/project';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { type ApiUnderTest, apiUnderTest, type SignedUpUser } from '../../../tests/database/api-under-test.ts';
import { type ImportedProject, importProject } from '../../../tests/database/import-project.ts';
import { openTestStore, type TestStore } from '../../../tests/database/prepare-deployment.ts';

const PATH = '/api/v1/projects/blog/webhook-secret';
const DAY = 24 * 3600;
const JSON_TYPE = { 'content-type': 'application/json' };

let own: TestStore;
let api: ApiUnderTest;
let ada: SignedUpUser;
let blog: ImportedProject;

beforeAll(async () => {
  own = await openTestStore();
});
beforeEach(async () => {
  await own.empty();
  api = apiUnderTest(own);
  ada = await api.signUp('ada');
  blog = await importProject(own, { slug: 'blog', owner: ada.user });
  await own.store.projects.setHook(blog.project.id, 1, 1);
});
afterAll(() => own.close());

const params = { project: 'blog' };
const rotate = async (body: { overlap_seconds?: number } = {}) =>
  (await ada.client('rotateWebhookSecret', { params, body })).data;
const get = async () => (await ada.client('getWebhookSecret', { params })).data;
/** The accepted secrets, the current one first. */
async function accepted(): Promise<(string | null)[]> {
  const project = await own.store.projects.find(blog.project.id);
  if (!project) throw new Error('the project is gone');
  const open = (sealed: string) => own.sealer.open(sealed, webhookSecretContext(project.id));
  const { previousWebhookSecretSealed: previous } = project;
  return [await open(project.webhookSecretSealed), previous === null ? null : await open(previous)];
}
const hoursUntil = (time: string | null) => (time === null ? null : (Date.parse(time) - Date.now()) / 3_600_000);
const audited = () =>
  own.db.query<{ details: unknown }>(
    sql`select actor, subject, details from audit_log where action = 'webhook_secret.rotated' order by id`,
  );

test('a rotation makes a new secret, keeps the old one for a day, and asks that GitHub is told', async () => {
  expect(await get()).toMatchObject({ known_to_github: true, previous_accepted_until: null });
  const rotated = await rotate();
  expect(rotated).toMatchObject({ project_id: showId('project', blog.project.id), known_to_github: false });
  expect(hoursUntil(rotated.previous_accepted_until)).toBeCloseTo(24, 0);
  expect(await get()).toEqual(rotated);
  const [current, previous] = await accepted();
  expect([previous, current === blog.webhookSecret]).toEqual([blog.webhookSecret, false]);
  expect(Buffer.from(current ?? '', 'base64url')).toHaveLength(32);
  expect(await own.messages('hook.connect')).toMatchObject([{ state: 'pending' }]);
  expect(api.rings).toHaveLength(1);
  await own.moveClock(DAY + 1);
  expect([await accepted(), await get()]).toMatchObject([[current, null], { previous_accepted_until: null }]);
});

test('no answer of it holds a secret, and the audit log says who rotated what, without it', async () => {
  const answers = [
    await ada.ask('POST', `${PATH}/rotate`, { body: '{}', headers: JSON_TYPE }),
    await ada.ask('GET', PATH),
  ];
  expect(answers.map(({ status }) => status)).toEqual([202, 200]);
  const [current, previous] = await accepted();
  const told = JSON.stringify([answers.map(({ text }) => text), await audited(), await own.messages()]);
  for (const secret of [current, previous]) expect(told).not.toContain(secret);
  expect(await audited()).toEqual([
    {
      actor: showId('user', ada.user.id),
      subject: showId('project', blog.project.id),
      details: { version: 2, overlap_seconds: DAY },
    },
  ]);
});

test('after a leak the overlap can be left out, or ended', async () => {
  expect(await rotate({ overlap_seconds: 0 })).toMatchObject({ previous_accepted_until: null });
  expect(await accepted()).toEqual([expect.any(String), null]);
  await rotate();
  await rotate({ overlap_seconds: 0 });
  expect(await accepted()).toEqual([expect.any(String), null]);
});

test('of a rotation within the overlap only the last two secrets are left', async () => {
  await rotate();
  const [second] = await accepted();
  await rotate();
  const [third, previous] = await accepted();
  expect([previous, third === second]).toEqual([second, false]);
});

test('simultaneous rotations happen one after the other', async () => {
  await Promise.all([rotate(), rotate(), rotate()]);
  expect((await own.store.projects.find(blog.project.id))?.webhookSecretVersion).toBe(4);
  expect((await audited()).map(({ details }) => details)).toMatchObject([
    { version: 2 },
    { version: 3 },
    { version: 4 },
  ]);
  expect(await own.messages('hook.connect')).toHaveLength(1);
});

test('a repetition with the same Idempotency-Key is the same rotation', async () => {
  const once = () =>
    ada.ask('POST', `${PATH}/rotate`, { body: '{}', headers: { ...JSON_TYPE, 'idempotency-key': 'one' } });
  const first = await once();
  expect((await once()).body.data).toEqual(first.body.data);
  expect((await own.store.projects.find(blog.project.id))?.webhookSecretVersion).toBe(2);
});

test('the project stays unchanged to those who edit it', async () => {
  const shown = () => ada.ask('GET', '/api/v1/projects/blog');
  const before = await shown();
  await rotate();
  const after = await shown();
  expect([after.text, after.headers.get('etag')]).toEqual([before.text, before.headers.get('etag')]);
});

test.each([-1, 1.5, DAY + 1, '10', null])('an overlap of %j seconds is refused', async (overlap) => {
  const body = JSON.stringify({ overlap_seconds: overlap });
  expect((await ada.ask('POST', `${PATH}/rotate`, { body, headers: JSON_TYPE })).status).toBe(422);
  expect(await accepted()).toEqual([blog.webhookSecret, null]);
});
