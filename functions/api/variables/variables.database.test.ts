import { readOnlyScopes } from '@miaobu/shared/contracts/scopes';
import type { createVariable as contract } from '@miaobu/shared/contracts/variables';
import { sql } from '@miaobu/shared/db/sql';
import { readId, showId } from '@miaobu/shared/kernel/ids';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type * as z from 'zod';
import { type ApiUnderTest, apiUnderTest, type SignedUpUser } from '../../../tests/database/api-under-test.ts';
import { openTestStore, type TestStore } from '../../../tests/database/prepare-deployment.ts';
import { refusalOf } from '../../../tests/database/refusal-of.ts';

type Body = z.input<typeof contract.body>;

let own: TestStore;
let api: ApiUnderTest;
let ada: SignedUpUser;
let eve: SignedUpUser;
const pages = { project: 'pages' };

beforeAll(async () => {
  own = await openTestStore();
});
beforeEach(async () => {
  await own.empty();
  api = apiUnderTest(own);
  ada = await api.signUp('ada');
  eve = await api.signUp('eve');
  for (const [id, login, slug] of [
    [1, 'ada', 'pages'],
    [2, 'ada', 'shop'],
    [3, 'eve', 'hers'],
  ] as const) {
    const repo = `${login}/${slug}`;
    api.codeHost.repositories.push({
      id,
      fullName: repo,
      branches: { main: 'a'.repeat(40) },
      visibleTo: [`github-${login}`],
    });
    await (login === 'ada' ? ada : eve).client('createProject', { body: { repo, slug } });
  }
});
afterAll(() => own.close());

const create = async (body: Partial<Body> = {}, params = pages) =>
  (await ada.client('createVariable', { params, body: { key: 'API_URL', value: 'a value', ...body } })).data;
const list = async (query = {}, params = pages) => (await ada.client('listVariables', { params, query })).data;
const rows = () =>
  own.db.query<{ sealed: string; bytes: number }>(sql`select * from environment_variables order by id`);
const audited = () =>
  own.db.query<{ action: string; subject: string; details: unknown; projectId: string }>(
    sql`select action, subject, details, project_id from audit_log where action like 'variable%' order by id`,
  );

test('a new variable is a secret of builds and run time in production, and its value is in no response', async () => {
  const made = await create({ value: 'hunter2' });
  expect(made).toMatchObject({
    environment: 'production',
    key: 'API_URL',
    value: null,
    is_secret: true,
    scope: 'both',
  });
  const { text } = await ada.ask('GET', '/api/v1/projects/pages/variables');
  expect(JSON.parse(text)).toEqual({ data: [made] });
  expect(text + JSON.stringify([await rows(), await audited(), api.log])).not.toContain('hunter2');
});

test('a non-secret value is shown to its owner, and is sealed all the same', async () => {
  const made = await create({ value: 'x\nLD_PRELOAD=/evil', is_secret: false, scope: 'build' });
  expect(made.value).toBe('x\nLD_PRELOAD=/evil');
  expect(await list()).toEqual([made]);
  expect((await rows()).map(({ sealed }) => sealed)).toEqual([expect.stringMatching(/^v\d\./)]);
  expect(JSON.stringify(await rows())).not.toContain('LD_PRELOAD');
});

test('variables are listed by environment and name, or those of one environment', async () => {
  for (const [environment, key] of [
    ['staging', 'A'],
    ['production', 'C'],
    ['production', 'B'],
  ] as const) {
    await create({ environment, key });
  }
  expect((await list()).map(({ key }) => key)).toEqual(['B', 'C', 'A']);
  expect((await list({ environment: 'staging' })).map(({ key }) => key)).toEqual(['A']);
  expect(await list({}, { project: 'shop' })).toEqual([]);
});

test('an existing name is refused in its environment only, even when two set it concurrently', async () => {
  await create();
  expect(await refusalOf(create())).toEqual({ status: 409, code: 'conflict', details: { exists: ['API_URL'] } });
  await create({ environment: 'staging' });
  await create({}, { project: 'shop' });
  const outcomes = await Promise.allSettled([create({ key: 'B', value: '1' }), create({ key: 'B', value: '2' })]);
  expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
});

test.each([
  'PATH',
  'LD_PRELOAD',
  'NODE_OPTIONS',
  'BASH_ENV',
  'GITHUB_TOKEN',
  'RUNNER_OS',
  'ACTIONS_X',
  'FC_X',
  'ALIBABA_X',
])('the reserved name %s is refused by its field', async (key) => {
  expect(await refusalOf(create({ key }))).toEqual({
    status: 422,
    code: 'invalid_request',
    details: { fields: [{ path: 'body.key', problem: 'is reserved' }] },
  });
  expect(
    await refusalOf(ada.client('importVariables', { params: pages, body: { content: `OK=1\n${key}=1` } })),
  ).toMatchObject({
    status: 422,
    details: { fields: [{ path: 'body.content' }] },
  });
  expect(await rows()).toEqual([]);
});

test('a name that Function Compute refuses is for builds only', async () => {
  const hidden = await create({ key: '_HIDDEN', scope: 'build' });
  expect(await refusalOf(create({ key: '_OTHER' }))).toMatchObject({
    status: 422,
    details: { fields: [{ path: 'body.key' }] },
  });
  const params = { ...pages, variable: hidden.id };
  expect(await refusalOf(ada.client('updateVariable', { params, body: { scope: 'both' } }))).toMatchObject({
    status: 422,
  });
  expect(await refusalOf(ada.client('importVariables', { params: pages, body: { content: '_X=1' } }))).toMatchObject({
    status: 422,
  });
});

test('a value of more than 64 KB, or with a NUL, is refused', async () => {
  for (const value of ['a'.repeat(65_537), 'a\0b']) {
    expect(await refusalOf(create({ value, scope: 'build' }))).toMatchObject({
      status: 422,
      code: 'invalid_request',
      details: { fields: [{ path: 'body.value' }] },
    });
  }
});

test('value, scope and secrecy are changed independently', async () => {
  const made = await create({ value: 'one', is_secret: false });
  const params = { ...pages, variable: made.id };
  const update = async (body: object) => (await ada.client('updateVariable', { params, body })).data;
  expect(await update({ value: 'two' })).toMatchObject({ value: 'two', scope: 'both', is_secret: false });
  expect(await update({ scope: 'build' })).toMatchObject({ value: 'two', scope: 'build' });
  expect(await update({ is_secret: true })).toMatchObject({ value: null, is_secret: true, scope: 'build' });
  expect(await refusalOf(update({}))).toMatchObject({ status: 422 });
  expect((await list()).map(({ id }) => id)).toEqual([made.id]);
});

test('a secret becomes visible only with a new value', async () => {
  const { id } = await create({ value: 'hunter2' });
  const params = { ...pages, variable: id };
  const refused = await ada.ask('PATCH', `/api/v1/projects/pages/variables/${id}`, {
    body: JSON.stringify({ is_secret: false }),
    headers: { 'content-type': 'application/json' },
  });
  expect(refused).toMatchObject({
    status: 422,
    body: { error: { details: { fields: [{ path: 'body.is_secret' }] } } },
  });
  expect(refused.text).not.toContain('hunter2');
  expect((await list()).map(({ is_secret, value }) => ({ is_secret, value }))).toEqual([
    { is_secret: true, value: null },
  ]);
  const { data } = await ada.client('updateVariable', { params, body: { is_secret: false, value: 'public' } });
  expect(data).toMatchObject({ is_secret: false, value: 'public' });
});

test('a deleted variable is gone, and cannot be deleted again', async () => {
  const { id } = await create();
  const path = `/api/v1/projects/pages/variables/${id}`;
  expect(await ada.ask('DELETE', path)).toMatchObject({ status: 204, text: '' });
  expect(await list()).toEqual([]);
  expect(await ada.ask('DELETE', path)).toMatchObject({ status: 404 });
});

test('creating, changing, deleting and importing are in the audit log, never with a value', async () => {
  const { id } = await create({ value: 'hunter2' });
  await ada.client('updateVariable', { params: { ...pages, variable: id }, body: { value: 'hunter3' } });
  await ada.client('deleteVariable', { params: { ...pages, variable: id } });
  await ada.client('importVariables', { params: pages, body: { content: 'A=hunter4' } });
  const project = (await ada.client('getProject', { params: pages })).data.id;
  const entries = await audited();
  expect(entries).toMatchObject([
    { action: 'variable.created', subject: id, details: { key: 'API_URL', is_secret: true } },
    { action: 'variable.updated', subject: id, details: { new_value: true } },
    { action: 'variable.deleted', subject: id },
    { action: 'variables.imported', subject: project, details: { keys: ['A'], replaced: [] } },
  ]);
  expect(new Set(entries.map(({ projectId }) => projectId))).toEqual(new Set([readId('project', project)]));
  expect(JSON.stringify(entries)).not.toContain('hunter');
});

test("another user's project and variable are not found, nor is a variable through another project", async () => {
  const { id } = await create({ is_secret: false });
  const attempts: [SignedUpUser, { project: string }][] = [
    [eve, pages],
    [eve, { project: 'hers' }],
    [ada, { project: 'shop' }],
    [ada, { project: 'nowhere' }],
  ];
  for (const [who, { project }] of attempts) {
    const params = { project, variable: id };
    expect(await refusalOf(who.client('updateVariable', { params, body: { value: 'mine' } }))).toMatchObject({
      status: 404,
    });
    expect(await refusalOf(who.client('deleteVariable', { params }))).toMatchObject({ status: 404 });
  }
  const more = [
    () => eve.client('listVariables', { params: pages }),
    () => eve.client('createVariable', { params: pages, body: { key: 'X', value: '1' } }),
    () => eve.client('importVariables', { params: pages, body: { content: 'X=1' } }),
    () => ada.client('deleteVariable', { params: { ...pages, variable: 'no id' } }),
  ];
  for (const attempt of more) expect(await refusalOf(attempt())).toMatchObject({ status: 404, code: 'not_found' });
  expect((await list()).map(({ value }) => value)).toEqual(['a value']);
});

test('a field outside the contract is refused', async () => {
  for (const extra of ['sealed', 'bytes', 'project_id', 'id']) {
    expect(await refusalOf(create({ [extra]: 'x' }))).toMatchObject({ status: 422 });
  }
});

test('4 KB of names and values fit at run time and a byte more does not; the refusal says how much is used', async () => {
  await create({ key: 'A', value: 'a'.repeat(4000) });
  await create({ key: 'B', value: '值'.repeat(30), scope: 'runtime' });
  // 4001 + 91 of 4096.
  expect(await refusalOf(create({ key: 'C', value: 'abcd' }))).toEqual({
    status: 422,
    code: 'variables_full',
    details: { limit: 'runtime_bytes', max: 4096, used: 4092, wanted: 4097 },
  });
  await create({ key: 'C', value: 'abc' });
  await create({ key: 'BUILD', value: 'b'.repeat(60_000), scope: 'build' });
  await create({ key: 'A', value: 'a'.repeat(4000), environment: 'staging' });
  const build = (await list()).find(({ key }) => key === 'BUILD');
  const params = { ...pages, variable: build?.id ?? '' };
  expect(await refusalOf(ada.client('updateVariable', { params, body: { scope: 'both' } }))).toMatchObject({
    code: 'variables_full',
    details: { used: 4096, wanted: 4096 + 60_005 },
  });
});

test('an environment that is over its limit can be reduced', async () => {
  const { id } = await create({ value: 'abc' });
  await own.db.query(sql`update environment_variables set bytes = 9000`);
  await own.db.query(sql`
    insert into environment_variables (project_id, environment, key, sealed, bytes, scope)
    select project_id, environment, 'BIG', sealed, 9000, 'both' from environment_variables`);
  const { data } = await ada.client('updateVariable', { params: { ...pages, variable: id }, body: { value: 'abc' } });
  expect(data.key).toBe('API_URL');
});

test('the hundredth variable fits and the next does not, even when two are set concurrently', async () => {
  const content = Array.from({ length: 99 }, (_, n) => `V${n}=${n}`).join('\n');
  await ada.client('importVariables', { params: pages, body: { content } });
  const outcomes = await Promise.allSettled([create({ key: 'A' }), create({ key: 'B' })]);
  expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
  const full = {
    status: 422,
    code: 'variables_full',
    details: { limit: 'variables', max: 100, used: 100, wanted: 101 },
  };
  expect(await refusalOf(create({ key: 'C' }))).toEqual(full);
  expect(await refusalOf(ada.client('importVariables', { params: pages, body: { content: 'C=1\nV1=2' } }))).toEqual(
    full,
  );
  expect(await list()).toHaveLength(100);
});

test('an import sets new variables and replaces existing ones, with the given secrecy', async () => {
  const before = await create({ key: 'B', value: 'old' });
  const content = '# from my machine\nA=1\nexport B="two words" # said twice\n';
  const { data } = await ada.client('importVariables', {
    params: pages,
    body: { content, is_secret: false, scope: 'build' },
  });
  expect(data).toMatchObject([
    { key: 'A', value: '1', scope: 'build', is_secret: false },
    { id: before.id, key: 'B', value: 'two words', scope: 'build', is_secret: false },
  ]);
  expect(await list()).toEqual(data);
});

test('an import that may not overwrite, or exceeds a limit, changes nothing and says why', async () => {
  await create({ key: 'B', value: 'old', is_secret: false });
  const importing = (content: string, overwrite = true) =>
    refusalOf(ada.client('importVariables', { params: pages, body: { content, overwrite } }));
  expect(await importing('A=1\nB=2', false)).toEqual({ status: 409, code: 'conflict', details: { exists: ['B'] } });
  expect(await importing(`A=1\nB=${'b'.repeat(4096)}`)).toMatchObject({ status: 422, code: 'variables_full' });
  expect(await importing('nothing')).toMatchObject({ status: 422, code: 'invalid_request' });
  expect(await list()).toMatchObject([{ key: 'B', value: 'old' }]);
});

test('the next deployment has the variables of its environment, and earlier ones keep theirs', async () => {
  await create({ key: 'A' });
  await create({ key: 'S', environment: 'staging' });
  const project = (await ada.client('getProject', { params: pages })).data;
  const id = readId('project', project.id) ?? '';
  expect((await own.store.projects.findOwned(ada.user.id, { id }))?.id).toBe(id);
  const snapshots = await own.db.query<{ variables: { key: string }[] }>(
    sql`select variables from deployments where project_id = ${id}`,
  );
  expect(snapshots).toEqual([{ variables: [] }]);
});

test('a variable whose sealed value was moved to another name is not shown', async () => {
  const one = await create({ key: 'A', value: 'one', is_secret: false });
  await create({ key: 'B', value: 'two', is_secret: false });
  await own.db.query(sql`
    update environment_variables set sealed = (select sealed from environment_variables where key = 'B') where key = 'A'`);
  const answer = await ada.ask('GET', '/api/v1/projects/pages/variables');
  expect(answer).toMatchObject({ status: 500, body: { error: { code: 'secret_unreadable' } } });
  expect(answer.text).not.toMatch(/one|two/);
  expect(one.value).toBe('one');
});

test('a token that may only read changes nothing, and one for another project finds nothing', async () => {
  const { id } = await create();
  const session = api.signedIn(ada.user);
  const reader = (await session('createApiToken', { body: { name: 'r', scopes: [...readOnlyScopes] } })).data.token;
  const ofShop = (await session('createApiToken', { body: { name: 's', projects: ['shop'] } })).data.token;
  const ask = (token: string, method: string, path: string) =>
    api.ask(method, path, { headers: { authorization: `Bearer ${token}` } });
  expect(await ask(reader, 'GET', '/api/v1/projects/pages/variables')).toMatchObject({ status: 200 });
  expect(await ask(reader, 'DELETE', `/api/v1/projects/pages/variables/${id}`)).toMatchObject({
    status: 403,
    body: { error: { details: { scope: 'variables:write' } } },
  });
  expect(await ask(ofShop, 'GET', '/api/v1/projects/pages/variables')).toMatchObject({ status: 404 });
  expect(await ask(ofShop, 'GET', '/api/v1/projects/shop/variables')).toMatchObject({ status: 200 });
  expect(showId('variable', readId('variable', id) ?? '')).toBe(id);
});
