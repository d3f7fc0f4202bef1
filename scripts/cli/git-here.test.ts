import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { commitHere, gitHere, linkHere, repositoryOf } from './git-here.ts';

test.each([
  ['https://github.com/you/site.git', 'you/site'],
  ['https://token@github.com/you/site', 'you/site'],
  ['http://dev:secret@localhost:7081/github/git/dev/my-site.git', 'dev/my-site'],
  ['git@github.com:you/site.git', 'you/site'],
  ['github.com:you/site', 'you/site'],
  ['ssh://git@github.com:22/you/site.git/', 'you/site'],
  ['/srv/git/site.git', undefined],
  ['../site', undefined],
  ['file:///srv/you/site.git', undefined],
  ['https://github.com/', undefined],
  ['', undefined],
])('the repository of the remote %j is %s', (remote, repository) => {
  expect(repositoryOf(remote)).toBe(repository);
});

describe('a folder', () => {
  let folder: string;
  const world = (at = folder) => ({ folder: at, environment: { PATH: process.env.PATH, HOME: folder } }) as never;
  const git = (...args: string[]) =>
    execFileSync('git', args, { cwd: folder, encoding: 'utf8', env: { PATH: process.env.PATH, HOME: folder } });

  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'miaobu-git-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  test('without git is none', async () => {
    expect(await gitHere(world())).toBeUndefined();
    expect(await linkHere(world(), 'site')).toBe(false);
  });

  test('tells its remotes, origin first, where in the repository it is, and what it is linked to', async () => {
    git('init', '--quiet');
    git('remote', 'add', 'a-fork', 'https://github.com/other/site');
    git('remote', 'add', 'origin', 'https://github.com/you/site');
    const inside = path.join(folder, 'apps', 'web');
    mkdirSync(inside, { recursive: true });
    expect(await gitHere(world(inside))).toEqual({
      remotes: ['https://github.com/you/site', 'https://github.com/other/site'],
      path: 'apps/web',
      linked: undefined,
    });
    expect(await linkHere(world(inside), 'web')).toBe(true);
    expect(await gitHere(world())).toMatchObject({ path: '', linked: 'web' });
  });

  test('knows a commit by any name of it, and takes nothing for an option', async () => {
    git('init', '--quiet');
    git('-c', 'user.name=You', '-c', 'user.email=you@example.com', 'commit', '--quiet', '--allow-empty', '-m', 'one');
    const head = git('rev-parse', 'HEAD').trim();
    expect(await commitHere(world(), 'HEAD')).toBe(head);
    expect(await commitHere(world(), head.slice(0, 8))).toBe(head);
    expect(await commitHere(world(), 'no-such-thing')).toBeUndefined();
    expect(await commitHere(world(), '--git-dir')).toBeUndefined();
  });
});
