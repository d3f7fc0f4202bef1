import { sql } from '@miaobu/shared/db/sql';
import { readId } from '@miaobu/shared/kernel/ids';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { type ApiUnderTest, apiUnderTest, type SignedUpUser } from '../../../tests/database/api-under-test.ts';
import { type ImportedProject, importProject } from '../../../tests/database/import-project.ts';
import { openTestStore, queueTestDeployment, type TestStore } from '../../../tests/database/prepare-deployment.ts';

const PATH = '/api/v1/projects/blog';

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
});
afterAll(() => own.close());

type Body = Parameters<typeof ada.client<'updateProject'>>[1]['body'];
const update = async (body: Body, project = 'blog') =>
  (await ada.client('updateProject', { params: { project }, body })).data;
const patch = (body: unknown, headers: Record<string, string> = {}) =>
  ada.ask('PATCH', PATH, {
    body: JSON.stringify(body),
    headers: { 'content-type': 'application/json', ...headers },
  });
const get = async () => (await ada.client('getProject', { params: { project: 'blog' } })).data;

test('given fields are changed, missing ones are not, and null means "detect it" again', async () => {
  const settings = {
    root_directory: 'apps/web',
    install_command: '',
    build_command: 'make',
    output_directory: 'out',
    start_command: 'node server.js',
    runtime: 'node' as const,
    node_version: '22',
    spa: true,
  };
  const first = await update({ name: ' My Blog ', watch_paths: ['apps/web', 'packages/**'], ...settings });
  expect(first).toMatchObject({ name: 'My Blog', watch_paths: ['apps/web', 'packages/**'], settings, slug: 'blog' });
  const second = await update({ build_command: null, watch_paths: null });
  expect(second).toMatchObject({ name: 'My Blog', watch_paths: null, settings: { ...settings, build_command: null } });
  expect(await get()).toEqual(second);
  expect(Date.parse(second.updated_at)).toBeGreaterThan(Date.parse(first.created_at));
});

test('a deployment has the settings of when it was queued', async () => {
  const site = { ...blog, environment: blog.production, hostnames: [] };
  const before = await queueTestDeployment(own, site);
  await update({ build_command: 'make' });
  expect((await own.deployment(before.id)).settings.build_command).toBeNull();
  const project = await own.store.projects.find(blog.project.id);
  if (!project) throw new Error('the project is gone');
  const after = await queueTestDeployment(own, { ...site, project });
  expect((await own.deployment(after.id)).settings.build_command).toBe('make');
});

test('a changed production branch is followed from then on, and synced', async () => {
  expect((await update({ branch: 'release' })).branch).toBe('release');
  expect((await own.messages()).map(({ topic }) => topic)).toEqual(['branch.sync']);
  expect(await own.store.environments.lockByBranch(blog.project.id, 'main')).toBeUndefined();
  await own.store.environments.insert({ projectId: blog.project.id, name: 'staging', branch: 'next' });
  await expect(update({ branch: 'next', name: 'other' })).rejects.toMatchObject({ status: 409, code: 'branch_in_use' });
  expect(await get()).toMatchObject({ branch: 'release', name: 'blog' });
});

test('of two who saw the same project the second is refused: 412, and nothing is changed', async () => {
  const etag = (await ada.ask('GET', PATH)).headers.get('etag') ?? '';
  const first = await patch({ name: 'first' }, { 'if-match': etag });
  expect(first.status).toBe(200);
  const second = await patch({ name: 'second' }, { 'if-match': etag });
  expect([second.status, second.body.error?.code]).toEqual([412, 'precondition_failed']);
  expect((await get()).name).toBe('first');
  const next = first.headers.get('etag') ?? '';
  expect((await patch({ name: 'second' }, { 'if-match': next })).status).toBe(200);
});

test('the audit log has who changed which fields', async () => {
  const { id } = await update({ name: 'other', build_command: 'SECRET=1 make' });
  const entries = await own.db.query<{ action: string; subject: string; details: unknown }>(
    sql`select action, subject, details from audit_log`,
  );
  expect(entries).toEqual([{ action: 'project.updated', subject: id, details: { fields: ['name', 'build_command'] } }]);
});

test.each([
  { slug: 'mine' },
  { user_id: 'usr_me' },
  { webhook_secret: 'x' },
  { name: '  ' },
  { watch_paths: [] },
  { watch_paths: ['../up'] },
  { watch_paths: [''] },
  { watch_paths: Array.from({ length: 51 }, () => 'a') },
  { root_directory: '/etc' },
  { branch: '' },
])('%j is refused, and nothing is changed', async (body) => {
  const before = await get();
  expect((await patch(body)).status).toBe(422);
  expect(await get()).toEqual(before);
});

test("another user's project is not found", async () => {
  const bob = await api.signUp('bob');
  const body = { name: 'mine' };
  await expect(bob.client('updateProject', { params: { project: 'blog' }, body })).rejects.toMatchObject({
    status: 404,
  });
  expect((await get()).name).toBe('blog');
});

test("a project's creator becomes its owner, and owners can find it", async () => {
  const id = readId('project', (await get()).id);
  expect(await own.db.query(sql`select user_id, role from project_members where project_id = ${id}`)).toEqual([
    { userId: ada.user.id, role: 'owner' },
  ]);
  await own.db.query(sql`delete from project_members`);
  await expect(get()).rejects.toMatchObject({ status: 404 });
});

test('a list is filtered by a literal part of the name, slug or repository', async () => {
  await importProject(own, { slug: 'docs', owner: ada.user });
  await update({ name: '100% Blog_1' });
  const find = async (q: string) => (await ada.client('listProjects', { query: { q } })).data.map(({ slug }) => slug);
  expect(await find('BLOG')).toEqual(['blog']);
  expect(await find('you/')).toEqual(['docs', 'blog']);
  expect(await find('0%')).toEqual(['blog']);
  expect(await find('%')).toEqual(['blog']);
  expect(await find('_')).toEqual(['blog']);
  expect(await find('\\')).toEqual([]);
});
