import { expect, test } from 'vitest';
import type { GithubAnswer, GithubCall } from './github-request.ts';
import { rememberAnswers } from './remember-answers.ts';

/** A GitHub whose every path has a content and its ETag; records requests and responses. */
function github(contents: Record<string, string>) {
  const asked: [path: string, ifNoneMatch: string | undefined, status: number][] = [];
  const ask = rememberAnswers(async ({ path, ifNoneMatch }: GithubCall): Promise<GithubAnswer> => {
    const content = contents[path];
    const etag = `"${content}"`;
    const status = content === undefined ? 404 : ifNoneMatch === etag ? 304 : 200;
    asked.push([path, ifNoneMatch, status]);
    return {
      status,
      header: (name) => (name === 'etag' && content !== undefined ? etag : undefined),
      body: status === 200 ? Buffer.from(content ?? '') : Buffer.alloc(0),
    };
  });
  return { contents, asked, ask: async (path: string, token = 'one') => (await ask({ token, path })).body?.toString() };
}

test('unchanged answers come from memory, changed ones are fetched again', async () => {
  const { contents, asked, ask } = github({ '/a': 'first' });
  expect([await ask('/a'), await ask('/a')]).toEqual(['first', 'first']);
  contents['/a'] = 'second';
  expect([await ask('/a'), await ask('/a')]).toEqual(['second', 'second']);
  expect(asked.map(([, , status]) => status)).toEqual([200, 304, 200, 304]);
});

test('what is gone is forgotten', async () => {
  const { contents, asked, ask } = github({ '/a': 'first' });
  await ask('/a');
  delete contents['/a'];
  await ask('/a');
  contents['/a'] = 'first';
  expect(await ask('/a')).toBe('first');
  expect(asked.map(([, , status]) => status)).toEqual([200, 404, 200]);
});

test('nobody is answered with what another token was shown', async () => {
  const { asked, ask } = github({ '/a': 'secret' });
  await ask('/a', 'one');
  await ask('/a', 'two');
  expect(asked.map(([, etag]) => etag)).toEqual([undefined, undefined]);
});

test('of 501 answers the least recently used is forgotten, and a big one is never kept', async () => {
  const paths = Array.from({ length: 501 }, (_, index) => `/${index}`);
  const { asked, ask } = github({
    ...Object.fromEntries(paths.map((path) => [path, `content of ${path}`])),
    '/big': 'x'.repeat(64 * 1024 + 1),
  });
  for (const path of [...paths.slice(0, 500), '/0', '/500', '/big']) await ask(path);
  asked.length = 0;
  for (const path of ['/big', '/1', '/0', '/500']) await ask(path);
  expect(asked.map(([path, , status]) => [path, status])).toEqual([
    ['/big', 200],
    ['/1', 200],
    ['/0', 304],
    ['/500', 304],
  ]);
});
