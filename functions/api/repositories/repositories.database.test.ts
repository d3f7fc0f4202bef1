import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { type ApiUnderTest, apiUnderTest, type SignedUpUser } from '../../../tests/database/api-under-test.ts';
import type { HostedRepository } from '../../../tests/database/memory-code-host.ts';
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
});
afterAll(() => own.close());

function host(fullName: string, rest: Partial<HostedRepository> = {}) {
  const id = api.codeHost.repositories.length + 1;
  api.codeHost.repositories.push({ id, fullName, branches: { main: HEAD }, visibleTo: ['github-ada'], ...rest });
}
const site = { owner: 'ada', repo: 'site' };
const analyze = async (query: { branch?: string; root_directory?: string } = {}, params = site) =>
  (await ada.client('analyzeRepository', { params, query })).data;
/** The names on each page, until there is no next one. */
async function pages(query: { limit?: number; search?: string }): Promise<string[][]> {
  const found: string[][] = [];
  for (let cursor: string | undefined; ; ) {
    const { data, meta } = await ada.client('listRepositories', { query: { ...query, ...(cursor ? { cursor } : {}) } });
    found.push(data.map(({ full_name }) => full_name));
    if (meta.next_cursor === null) return found;
    cursor = meta.next_cursor;
  }
}

test('the repositories that the user can see are listed, each with the projects imported from it', async () => {
  host('ada/site');
  host('team/other', { visibleTo: ['github-ada', 'github-eve'] });
  host('eve/secret', { visibleTo: ['github-eve'] });
  const eve = await api.signUp('eve');
  await eve.client('createProject', { body: { repo: 'team/other' } });
  const made = [];
  for (const root_directory of ['', 'apps/docs']) {
    made.push((await ada.client('createProject', { body: { repo: 'ada/site', root_directory } })).data);
  }
  const { data } = await ada.client('listRepositories', {});
  expect(data).toEqual([
    {
      id: 1,
      full_name: 'ada/site',
      default_branch: 'main',
      private: true,
      pushed_at: null,
      projects: made.map(({ id, slug, settings }) => ({ id, slug, root_directory: settings.root_directory })),
    },
    expect.objectContaining({ full_name: 'team/other', projects: [] }),
  ]);
});

test('pages hold every repository once and in order, even when their size changes on the way', async () => {
  const names = Array.from({ length: 250 }, (_, n) => `ada/site-${n}`);
  for (const name of names) host(name);
  const found = await pages({ limit: 100 });
  expect(found.map(({ length }) => length)).toEqual([100, 100, 50]);
  expect(found.flat()).toEqual(names);
  expect((await pages({ limit: 30 })).flat()).toEqual(names);
  const first = await ada.client('listRepositories', { query: { limit: 7 } });
  const second = await ada.client('listRepositories', { query: { limit: 100, cursor: first.meta.next_cursor ?? '' } });
  expect(second.data.map(({ full_name }) => full_name)).toEqual(names.slice(7, 107));
});

test('a search matches names that contain every word, in any case, however far down the list', async () => {
  for (let n = 0; n < 1205; n++) host(`ada/${n % 300 === 299 ? 'My-Blog' : 'other'}-${n}`);
  const found = await pages({ limit: 2, search: 'blog my' });
  expect(found.flat()).toEqual([299, 599, 899, 1199].map((n) => `ada/My-Blog-${n}`));
  expect((await pages({ search: 'nowhere' })).flat()).toEqual([]);
  expect((await pages({ search: 'ADA/My-blog-2 ' })).flat()).toEqual(['ada/My-Blog-299']);
});

test.each(['-1', '1.5', 'x', '1000000000', ''])('the cursor %j is refused by its path', async (cursor) => {
  expect(await refusalOf(ada.client('listRepositories', { query: { cursor } }))).toMatchObject({
    status: 422,
    details: { fields: [{ path: 'query.cursor' }] },
  });
});

test('branches are listed page by page', async () => {
  const branches = Object.fromEntries(Array.from({ length: 25 }, (_, n) => [`feature/${n}`, HEAD]));
  host('ada/site', { branches });
  const first = await ada.client('listBranches', { params: site, query: { limit: 20 } });
  expect(first.data[3]).toEqual({ name: 'feature/3', commit_sha: HEAD });
  const cursor = first.meta.next_cursor ?? '';
  const second = await ada.client('listBranches', { params: site, query: { limit: 20, cursor } });
  expect([...first.data, ...second.data].map(({ name }) => name)).toEqual(Object.keys(branches));
  expect(second.meta.next_cursor).toBeNull();
});

test('a monorepo is analyzed at each root: its framework, commands and why', async () => {
  host('ada/site', {
    files: {
      'package.json': '{"workspaces":["apps/*"]}',
      'pnpm-lock.yaml': '',
      '.nvmrc': '22',
      'apps/web/package.json': '{"scripts":{"build":"vite build"},"devDependencies":{"vite":"7"}}',
      'apps/docs/package.json': '{"scripts":{"build":"astro build"},"dependencies":{"astro":"5"}}',
      'apps/web/node_modules/x/package.json': '{}',
    },
  });
  expect(await analyze({ root_directory: './apps/web/' })).toEqual({
    full_name: 'ada/site',
    branch: 'main',
    commit_sha: HEAD,
    root_directory: 'apps/web',
    kind: 'static',
    framework: 'Vite',
    confidence: 'high',
    package_manager: 'pnpm',
    install_command: 'pnpm install --frozen-lockfile',
    build_command: 'pnpm run build',
    start_command: null,
    runtime_version: null,
    python_dependencies: null,
    output_directories: ['dist'],
    node_version: '22',
    spa: true,
    problem: null,
    reasons: expect.arrayContaining([
      { about: 'framework', text: '"vite" is among the dependencies in package.json.' },
      { about: 'package_manager', text: 'There is a pnpm-lock.yaml.' },
    ]),
    package_directories: ['', 'apps/docs', 'apps/web'],
    truncated: false,
  });
  expect(await analyze({ root_directory: 'apps/docs' })).toMatchObject({ framework: 'Astro', spa: false });
});

test('a server is shown with its runtime and start command; Python folders are offered as roots', async () => {
  host('ada/site', {
    files: {
      'package.json': '{"scripts":{"start":"npm run serve","serve":"node server.js"},"dependencies":{"express":"5"}}',
      'server.js': 'app.listen(process.env.PORT)',
      'api/requirements.txt': 'fastapi\nuvicorn\n',
      'api/pyproject.toml': '[tool.ruff]\n',
      'api/main.py': 'app = FastAPI()\n',
    },
  });
  expect(await analyze()).toMatchObject({
    kind: 'node',
    framework: 'Express',
    start_command: 'node server.js',
    runtime_version: '22',
    output_directories: [],
    package_directories: ['', 'api'],
  });
  expect(await analyze({ root_directory: 'api' })).toMatchObject({
    kind: 'python',
    framework: 'FastAPI',
    install_command: null,
    start_command: 'python -m uvicorn main:app --host 0.0.0.0 --port $PORT',
    runtime_version: '3.12',
    python_dependencies: 'api/requirements.txt',
  });
});

test('plain pages need nothing, and no file of theirs is read', async () => {
  host('ada/site', { files: { 'index.html': '<h1>hello</h1>' } });
  expect(await analyze()).toMatchObject({
    framework: null,
    confidence: 'high',
    package_manager: null,
    install_command: null,
    build_command: null,
    output_directories: ['.'],
  });
  expect(api.codeHost.read).toEqual([]);
});

test('a package.json that is invalid, or longer than a megabyte, is answered with the problem', async () => {
  host('ada/site', { files: { 'package.json': '{' } });
  expect(await analyze()).toMatchObject({ confidence: 'low', problem: expect.stringContaining('cannot be read') });
  host('ada/long', { files: { 'package.json': `{"x":"${'x'.repeat(1024 * 1024)}"}` } });
  expect(await analyze({}, { owner: 'ada', repo: 'long' })).toMatchObject({
    problem: expect.stringContaining('too long'),
  });
});

test('analyzing a repository reads at most thirty files, however deep it is', async () => {
  const folders = Array.from({ length: 100 }, (_, n) => Array.from({ length: n + 1 }, () => 'a').join('/'));
  const files = Object.fromEntries(folders.map((folder) => [`${folder}/package.json`, '{}']));
  host('ada/site', { files });
  expect((await analyze({ root_directory: folders.at(-1) ?? '' })).package_directories).toHaveLength(50);
  expect(api.codeHost.read).toHaveLength(30);
});

test('a truncated file list is reported, and a folder it may have omitted is not refused', async () => {
  host('ada/site', { files: { 'index.html': '' }, truncated: true });
  expect(await analyze({ root_directory: 'far/away' })).toMatchObject({ truncated: true, confidence: 'low' });
});

test('a missing branch, folder or repository is refused, each with its own error', async () => {
  host('ada/site', { files: { 'index.html': '' } });
  host('eve/secret', { visibleTo: ['github-eve'] });
  expect(await refusalOf(analyze({ branch: 'none' }))).toMatchObject({ status: 422, code: 'branch_not_found' });
  expect(await refusalOf(analyze({ root_directory: 'none' }))).toMatchObject({
    status: 422,
    details: { fields: [{ path: 'query.root_directory', problem: 'the branch has no such folder' }] },
  });
  for (const root_directory of ['/etc', '..', 'a/../..']) {
    expect(await refusalOf(analyze({ root_directory }))).toMatchObject({ status: 422, code: 'invalid_request' });
  }
  for (const params of [
    { owner: 'eve', repo: 'secret' },
    { owner: 'ada', repo: 'none' },
  ]) {
    const missing = { status: 404, code: 'repository_not_found' };
    expect(await refusalOf(analyze({}, params))).toMatchObject(missing);
    expect(await refusalOf(ada.client('listBranches', { params }))).toMatchObject(missing);
  }
});

test('without a connected GitHub account every operation says so', async () => {
  const bob = await api.signUp('bob', { connected: false });
  const attempts = [
    () => bob.client('listRepositories', {}),
    () => bob.client('listBranches', { params: site }),
    () => bob.client('analyzeRepository', { params: site }),
  ];
  for (const attempt of attempts) {
    expect(await refusalOf(attempt())).toMatchObject({ status: 403, code: 'code_host_unauthorized' });
  }
});

test('a token for some projects sees no repositories', async () => {
  host('ada/site');
  const project = (await ada.client('createProject', { body: { repo: 'ada/site' } })).data.id;
  const { data } = await api.signedIn(ada.user)('createApiToken', { body: { name: 'one', projects: [project] } });
  for (const path of ['', '/ada/site/branches', '/ada/site/analysis']) {
    const answer = await api.ask('GET', `/api/v1/repositories${path}`, {
      headers: { authorization: `Bearer ${data.token}` },
    });
    expect(answer).toMatchObject({ status: 403, body: { error: { code: 'forbidden' } } });
  }
});

test('one repository is imported once for each root of a monorepo, and a refused import leaves nothing', async () => {
  host('ada/site', { files: { 'apps/a/index.html': '', 'apps/b/index.html': '' } });
  const made = [];
  for (const root_directory of ['apps/a', 'apps/b']) {
    made.push((await ada.client('createProject', { body: { repo: 'ada/site', root_directory } })).data);
  }
  expect(new Set(made.map(({ slug }) => slug)).size).toBe(2);
  expect(made.map(({ settings }) => settings.root_directory)).toEqual(['apps/a', 'apps/b']);
  const refused = ada.client('createProject', { body: { repo: 'ada/site', slug: made[0]?.slug ?? '' } });
  expect(await refusalOf(refused)).toMatchObject({ status: 409, code: 'slug_unavailable' });
  expect((await ada.client('listRepositories', {})).data[0]?.projects).toHaveLength(2);
});
