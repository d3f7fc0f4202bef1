import { sql } from '@miaobu/shared/db/sql';
import { readId } from '@miaobu/shared/kernel/ids';
import { slugProblem } from '@miaobu/shared/kernel/slug';
import { webhookSecretContext } from '@miaobu/shared/model/project/project';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { type ApiUnderTest, apiUnderTest, type SignedUpUser } from '../../../tests/database/api-under-test.ts';
import { openTestStore, type TestStore } from '../../../tests/database/prepare-deployment.ts';
import { refusalOf } from '../../../tests/database/refusal-of.ts';

const HEAD = 'a'.repeat(40);

let own: TestStore;
let api: ApiUnderTest;
let ada: SignedUpUser;

beforeAll(async () => {
  own = await openTestStore();
});
beforeEach(async () => {
  await own.empty();
  api = apiUnderTest(own);
  ada = await api.signUp('ada');
  host('ada/site');
});
afterAll(() => own.close());

function host(fullName: string, branches: Record<string, string> = { main: HEAD }, visibleTo = ['github-ada']) {
  api.codeHost.repositories.push({ id: api.codeHost.repositories.length + 1, fullName, branches, visibleTo });
}
const create = async (body: Parameters<typeof ada.client<'createProject'>>[1]['body']) =>
  (await ada.client('createProject', { body })).data;
const rows = async () => {
  const [counted] = await own.db.query<{ projects: number; messages: number }>(
    sql`select (select count(*) from projects) as projects, (select count(*) from outbox) as messages`,
  );
  return counted;
};

test('an import answers 201 with the project and its first deployment', async () => {
  const { data } = await ada.client('createProject', { body: { repo: 'ada/site' } });
  const deploymentId = data.deployment.id;
  expect(data).toEqual({
    id: expect.stringMatching(/^prj_[0-9a-z]{26}$/),
    slug: 'site',
    name: 'site',
    repository: 'ada/site',
    branch: 'main',
    url: 'https://site.sites.example/',
    settings: {
      root_directory: '',
      install_command: null,
      build_command: null,
      output_directory: null,
      start_command: null,
      runtime: null,
      node_version: null,
      spa: null,
    },
    watch_paths: null,
    current_deployment_id: null,
    created_at: expect.stringMatching(/Z$/),
    updated_at: expect.stringMatching(/Z$/),
    deployment: {
      id: expect.stringMatching(/^dep_[0-9a-z]{26}$/),
      project_id: data.id,
      environment: 'production',
      status: 'queued',
      reason: null,
      reason_message: null,
      current: false,
      pinned: false,
      trigger: 'import',
      branch: 'main',
      commit_sha: HEAD,
      commit_message: 'Work on main',
      commit_author: 'You',
      url: 'https://site.sites.example/',
      queue_position: 1,
      attempt: 0,
      files: null,
      bytes: null,
      build_seconds: null,
      created_at: expect.stringMatching(/Z$/),
      activated_at: null,
      published_at: null,
      live_everywhere_at: null,
      finished_at: null,
    },
  });
  const raw = await ada.ask('POST', '/api/v1/projects', {
    body: JSON.stringify({ repo: 'ada/site' }),
    headers: { 'content-type': 'application/json' },
  });
  expect(raw.status).toBe(201);
  expect(await ada.client('getProject', { params: { project: data.id } })).toMatchObject({ data: { slug: 'site' } });
  const params = { project: data.id, deployment: deploymentId };
  expect((await ada.client('getDeployment', { params })).data).toEqual(data.deployment);
});

test('an import commits all external work in one transaction, and rings the doorbell', async () => {
  const { id } = await create({ repo: 'ada/site' });
  expect((await own.messages()).map(({ topic }) => topic).sort()).toEqual([
    'branch.sync',
    'build.start',
    'commit.status',
    'hook.connect',
    'hostname.connect',
  ]);
  expect(await own.db.query(sql`select hostname from routes`)).toEqual([{ hostname: 'site.sites.example' }]);
  expect(api.rings).toHaveLength(1);
  const project = await own.store.projects.find(readId('project', id) ?? '');
  const secret = await own.sealer.open(project?.webhookSecretSealed ?? '', webhookSecretContext(project?.id ?? ''));
  expect(Buffer.from(secret, 'base64url').length).toBeGreaterThanOrEqual(32);
  expect(JSON.stringify(api.log)).not.toContain(secret);
});

test('settings, a name and another branch are used as given', async () => {
  host('ada/mono', { main: HEAD, 'release/1': 'b'.repeat(40) });
  const settings = {
    root_directory: 'apps/web',
    install_command: '',
    build_command: 'make site',
    output_directory: 'out',
    start_command: 'node server.js',
    runtime: 'node' as const,
    node_version: '22',
    spa: true,
  };
  const data = await create({
    repo: 'ada/mono',
    name: ' Shop Front ',
    branch: 'release/1',
    watch_paths: ['apps/web', 'libs'],
    ...settings,
  });
  expect(data).toMatchObject({ name: 'Shop Front', slug: 'shop-front', branch: 'release/1', settings });
  expect(data.watch_paths).toEqual(['apps/web', 'libs']);
  expect(data.deployment).toMatchObject({ branch: 'release/1', commit_sha: 'b'.repeat(40) });
});

test('the repository is named as the code host names it, whatever the case in the request', async () => {
  host('ada/Site-Two');
  expect(await create({ repo: 'ADA/site-two' })).toMatchObject({ repository: 'ada/Site-Two', name: 'Site-Two' });
});

test.each([
  ['the name', { name: 'My Site' }, /^my-site$/],
  ['the repository without a name', {}, /^site$/],
  ['a reserved name', { name: 'api' }, /^api-[0-9a-f]{6}$/],
  ['a name that would be a staging hostname', { name: 'shop-staging' }, /^shop-staging-[0-9a-f]{6}$/],
  ['a name without a letter that a hostname can hold', { name: '我的网站' }, /^site-[0-9a-f]{8}$/],
  ['a name with a few of them', { name: '秒部 blog 2' }, /^blog-2$/],
  ['a name that is too long for a hostname', { name: 'x'.repeat(100) }, /^x{40}$/],
])('the slug comes from %s', async (_, body, slug) => {
  const created = await create({ repo: 'ada/site', ...body });
  expect(created.slug).toMatch(slug);
  expect(slugProblem(created.slug)).toBeUndefined();
  expect(created.url).toBe(`https://${created.slug}.sites.example/`);
});

test('a taken slug gets a suffix when it was not requested explicitly', async () => {
  await create({ repo: 'ada/site' });
  const bob = await api.signUp('bob');
  host('bob/site', { main: HEAD }, ['github-bob']);
  const { data } = await bob.client('createProject', { body: { repo: 'bob/site' } });
  expect(data.slug).toMatch(/^site-[0-9a-f]{6}$/);
  const long = 'y'.repeat(40);
  await create({ repo: 'ada/site', name: long });
  const second = await create({ repo: 'ada/site', name: long });
  expect(second.slug).toMatch(/^y{33}-[0-9a-f]{6}$/);
});

test('of many concurrent imports with one name each gets its own slug', async () => {
  const created = await Promise.all(Array.from({ length: 8 }, () => create({ repo: 'ada/site' })));
  expect(new Set(created.map(({ slug }) => slug)).size).toBe(8);
  expect(created.filter(({ slug }) => slug === 'site')).toHaveLength(1);
});

test('an explicitly requested slug is used unchanged, or refused', async () => {
  expect(await create({ repo: 'ada/site', slug: 'exactly-this' })).toMatchObject({ slug: 'exactly-this' });
  expect(await refusalOf(create({ repo: 'ada/site', slug: 'exactly-this' }))).toEqual({
    status: 409,
    code: 'slug_unavailable',
    details: undefined,
  });
  expect(await rows()).toMatchObject({ projects: 1 });
});

test.each([
  ['api', 'is reserved'],
  ['', 'is empty'],
  ['Site', 'may only hold lower-case letters, digits and hyphens'],
  ['a--b', 'may not hold two hyphens in a row'],
  ['shop-staging', 'may not end with -staging'],
  ['x'.repeat(41), 'is longer than 40 characters'],
])('the slug %j is refused, because it %s', async (slug, problem) => {
  expect(await refusalOf(create({ repo: 'ada/site', slug }))).toEqual({
    status: 422,
    code: 'invalid_request',
    details: { fields: [{ path: 'body.slug', problem }] },
  });
  expect(await rows()).toEqual({ projects: 0, messages: 0 });
});

test('a missing repository and one that the user may not see are refused alike', async () => {
  host('bob/secret', { main: HEAD }, ['github-bob']);
  const [missing, invisible] = [
    await refusalOf(create({ repo: 'ada/nothing' })),
    await refusalOf(create({ repo: 'bob/secret' })),
  ];
  expect(missing).toEqual({ status: 404, code: 'repository_not_found', details: { repo: 'ada/nothing' } });
  expect(invisible).toEqual({ ...missing, details: { repo: 'bob/secret' } });
  expect(await rows()).toEqual({ projects: 0, messages: 0 });
});

test('an empty repository, and a missing branch, are refused', async () => {
  host('ada/empty', {});
  expect(await refusalOf(create({ repo: 'ada/empty' }))).toEqual({
    status: 422,
    code: 'branch_not_found',
    details: { repo: 'ada/empty', branch: 'main' },
  });
  expect(await refusalOf(create({ repo: 'ada/site', branch: 'gone' }))).toMatchObject({ code: 'branch_not_found' });
  expect(await rows()).toEqual({ projects: 0, messages: 0 });
});

test('a user who has not connected GitHub is told so', async () => {
  const carol = await api.signUp('carol', { connected: false });
  const failing = carol.client('createProject', { body: { repo: 'ada/site' } });
  expect(await refusalOf(failing)).toMatchObject({ status: 403, code: 'code_host_unauthorized' });
});

test('one repository may be imported twice, as two projects with separate secrets', async () => {
  const [one, two] = [await create({ repo: 'ada/site' }), await create({ repo: 'ada/site', root_directory: 'docs' })];
  expect(one.id).not.toBe(two.id);
  const secrets = await own.db.query<{ id: string; sealed: string }>(
    sql`select id, webhook_secret_sealed as sealed from projects`,
  );
  const opened = await Promise.all(secrets.map(({ id, sealed }) => own.sealer.open(sealed, webhookSecretContext(id))));
  expect(new Set(opened).size).toBe(2);
});

test.each([
  ['body.repo', { repo: 'not a repository' }],
  ['body.repo', { repo: '../../etc' }],
  ['body.repo', {}],
  ['body.name', { repo: 'ada/site', name: '   ' }],
  ['body.name', { repo: 'ada/site', name: 'x'.repeat(101) }],
  ['body.root_directory', { repo: 'ada/site', root_directory: 'a/../../b' }],
  ['body.root_directory', { repo: 'ada/site', root_directory: '/etc' }],
  ['body.output_directory', { repo: 'ada/site', output_directory: 'a\\b' }],
  ['body.spa', { repo: 'ada/site', spa: 'yes' }],
  ['body', { repo: 'ada/site', user_id: 'usr_somebody' }],
  ['body', { repo: 'ada/site', webhook_secret: 'mine' }],
  ['body', []],
])('the field %s of %j is refused by its path', async (path, body) => {
  const answer = await ada.ask('POST', '/api/v1/projects', {
    body: JSON.stringify(body),
    headers: { 'content-type': 'application/json' },
  });
  expect([answer.status, answer.body.error?.code]).toEqual([422, 'invalid_request']);
  expect(answer.body.error?.details?.fields?.map((field) => field.path)).toContain(path);
  expect(await rows()).toEqual({ projects: 0, messages: 0 });
});

test('text that Postgres cannot store is a mistake of the request', async () => {
  expect(await refusalOf(create({ repo: 'ada/site', name: 'a\0b', slug: 'ab' }))).toMatchObject({
    status: 422,
    code: 'invalid_request',
  });
  expect(await rows()).toEqual({ projects: 0, messages: 0 });
});
