import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { sql } from '@miaobu/shared/db/sql';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { openTestStore, type TestStore } from '../../tests/database/prepare-deployment.ts';
import { type CliUnderTest, cliUnderTest } from './testing/cli-under-test.ts';

let stored: TestStore;
let cli: CliUnderTest;
beforeAll(async () => {
  stored = await openTestStore();
});
beforeEach(async () => {
  cli = await cliUnderTest(stored);
  cli.git('init', '--quiet');
  cli.git('remote', 'add', 'origin', 'git@github.com:You/Site.git');
});
afterEach(() => cli.close());
afterAll(() => stored.close());

/** A project of the folder's repository. */
async function project(slug: string, rootDirectory = '') {
  const { project } = await cli.project(slug);
  await stored.db.query(sql`
    update projects set repository = 'you/site', root_directory = ${rootDirectory} where id = ${project.id}`);
}
const slugHere = async (options: Parameters<CliUnderTest['run']>[1] = {}) => {
  const { stdout } = await cli.run(['status', '--json'], options);
  return JSON.parse(stdout).project.slug;
};
const at = (...folders: string[]) => {
  const folder = path.join(cli.home, ...folders);
  mkdirSync(folder, { recursive: true });
  return { folder };
};

test('a command is about the project of the folder’s repository, in any case of its name', async () => {
  await project('site');
  await cli.project('site-of-another-repository', { githubRepositoryId: 2 });
  expect(await slugHere()).toBe('site');
});

test('what is named goes before what the folder says', async () => {
  await project('site');
  await cli.project('other', { githubRepositoryId: 2 });
  expect(JSON.parse((await cli.run(['status', 'other', '--json'])).stdout).project.slug).toBe('other');
  expect(JSON.parse((await cli.run(['status', '-p', 'other', '--json'])).stdout).project.slug).toBe('other');
});

test('of a repository with several projects it is the one whose folder the person is in', async () => {
  await project('web', 'apps/web');
  await project('docs', 'apps/docs');
  await project('whole');
  expect(await slugHere(at('apps', 'web', 'src'))).toBe('web');
  expect(await slugHere(at('apps', 'docs'))).toBe('docs');
  // Not in a folder whose name only begins the same.
  expect(await slugHere(at('apps', 'docs-of-old'))).toBe('whole');
});

test('where several are meant a person is asked, and a script is told their names', async () => {
  await project('web', 'apps/web');
  await project('docs', 'apps/docs');
  const script = await cli.run(['status', '--json']);
  expect(script).toMatchObject({ exitCode: 2, stdout: '' });
  expect(script.stderr).toMatch(/(web, docs|docs, web)\. Name one with --project\.\n$/);
  expect(await slugHere({ typed: ['docs'] })).toBe('docs');
  const chosen = await cli.run(['status', '--json'], { typed: ['2'] });
  expect(chosen.stderr).toContain(`2  ${JSON.parse(chosen.stdout).project.slug}`);
  expect(await cli.run(['status'], { typed: ['3'] })).toMatchObject({ exitCode: 2 });
});

test('link keeps the choice for this repository', async () => {
  await project('web', 'apps/web');
  await project('docs', 'apps/docs');
  expect(await cli.run(['link', 'docs'])).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('docs') });
  expect(await slugHere(at('apps', 'web'))).toBe('docs');
  expect(await cli.run(['link', 'nothing'])).toMatchObject({ exitCode: 4 });
  expect(await slugHere()).toBe('docs');
});

test('a repository that is not imported, and a folder without git, say how to go on', async () => {
  expect(await cli.run(['status'])).toMatchObject({ exitCode: 4, stderr: expect.stringContaining('miaobu import') });
  const outside = await cli.run(['status'], { folder: '/' });
  expect(outside).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('--project') });
});
