import { chmodSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { RedirectRule, RoutingRules } from '@miaobu/shared/contracts/routing-rules';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { collectOutput } from '../collect-output.ts';
import { readRoutingRules } from './read-routing-rules.ts';

let root: string;
let output: string;

beforeEach(() => {
  root = realpathSync(mkdtempSync(path.join(tmpdir(), 'miaobu-rules-')));
  output = path.join(root, 'dist');
  mkdirSync(output);
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const write = (name: string, text: string) =>
  writeFileSync(path.join(name.startsWith('_') ? output : root, name), text);
const read = () => readRoutingRules({ output, root, user: undefined });

/** Rules as lines, to compare at a glance. */
const shown = ({ from, to, status, force, query = [] }: RedirectRule) =>
  [from, ...query.map((pair) => pair.join('=')), to, `${status}${force ? '!' : ''}`].join(' ');
const redirectsOf = (rules: RoutingRules | undefined) => rules?.redirects.map(shown) ?? [];

describe('the files together', () => {
  test('_redirects comes before netlify.toml, which comes before vercel.json', async () => {
    write('_redirects', '/a /1\n/b /2 200');
    write('netlify.toml', '[[redirects]]\nfrom = "/a"\nto = "/3"');
    write('vercel.json', '{"redirects":[{"source":"/a","destination":"/4"}],"cleanUrls":false}');
    const { rules, lines } = await read();
    expect(redirectsOf(rules)).toEqual(['/a /1 301', '/b /2 200', '/a /3 301', '/a /4 308!']);
    expect(lines).toEqual(['3 redirects, 1 rewrite from _redirects, netlify.toml, vercel.json']);
  });

  test('settings are part of what is reported as applied', async () => {
    write('vercel.json', '{"cleanUrls":true,"trailingSlash":false}');
    expect((await read()).lines).toEqual(['clean URLs, no trailing slash from vercel.json']);
  });

  test('without any file there are no rules and nothing is logged', async () => {
    expect(await read()).toEqual({ rules: undefined, lines: [] });
    write('netlify.toml', '[build]\ncommand = "make"\n');
    expect(await read()).toEqual({ rules: undefined, lines: [] });
  });

  test('a file in the root directory that the build did not copy is pointed out', async () => {
    writeFileSync(path.join(root, '_redirects'), '/a /b');
    expect((await read()).lines).toEqual([
      'Warning: _redirects: it is in the root directory, but not in the output directory, so it does not count',
    ]);
  });

  test.each([
    ['too many redirects', '_redirects', '/a /b\n'.repeat(2001), 'there are 2001 redirects; the limit is 2000'],
    ['too many header rules', '_headers', '/a\n  x-a: b\n'.repeat(501), 'there are 501 header rules; the limit is 500'],
    ['too much', '_headers', `/a\n  x-a: ${'b'.repeat(3000)}\n`.repeat(100), 'bytes long; the limit is 128 KB'],
    ['a huge file', '_redirects', '#'.repeat(1024 * 1024 + 1), '_redirects is over the limit of 1 MB'],
  ])('%s: the build fails and says so', async (_, name, text, message) => {
    write(name, text);
    await expect(read()).rejects.toMatchObject({ code: 'output_invalid', message: expect.stringContaining(message) });
  });

  test('of very many warnings the first are shown', async () => {
    write('_redirects', '/a\n'.repeat(1000));
    const { lines: warnings } = await read();
    expect(warnings).toHaveLength(51);
    expect(warnings.at(-1)).toBe('Warning: 950 more rules are left out');
  });

  test('text of a file cannot begin a line of the log', async () => {
    write('_headers', '/*\n  a\u001b[31m\r"b: c\n');
    expect((await read()).lines.join('')).toMatch(/^[\x20-\x7e]*$/);
  });
});

describe('hostile files', () => {
  test('a link out of the directory is not read', async () => {
    const outside = mkdtempSync(path.join(tmpdir(), 'miaobu-secret-'));
    writeFileSync(path.join(outside, 'key'), '/a /secret');
    symlinkSync(path.join(outside, 'key'), path.join(output, '_redirects'));
    symlinkSync(path.join(outside, 'key'), path.join(root, 'vercel.json'));
    expect(await read()).toEqual({
      rules: undefined,
      lines: [
        'Warning: _redirects: it is a symbolic link out of its directory; nothing of the file counts',
        'Warning: vercel.json: it is a symbolic link out of its directory; nothing of the file counts',
      ],
    });
    rmSync(outside, { recursive: true });
  });

  test('what the build could not read is not read on its behalf', async () => {
    write('_redirects', '/a /secret');
    chmodSync(path.join(output, '_redirects'), 0o600);
    const user = { uid: 4_000_000, gid: 4_000_000 } as Parameters<typeof readRoutingRules>[0]['user'];
    expect((await readRoutingRules({ output, root, user })).rules).toBeUndefined();
  });

  test('a link to itself, a folder and fields with odd names are no rules', async () => {
    symlinkSync('_redirects', path.join(output, '_redirects'));
    mkdirSync(path.join(output, '_headers'));
    write(
      'vercel.json',
      '{"__proto__":{"redirects":[{"source":"/a","destination":"/b"}]},"redirects":[{"__proto__":{"source":"/a"}}]}',
    );
    write('netlify.toml', '[[redirects]]\n"__proto__" = "x"\n');
    const { rules, lines } = await read();
    expect(rules).toBeUndefined();
    expect(lines).toHaveLength(2);
  });
});

describe('collecting the output', () => {
  test('publishes no file of rules, but publishes files of the same name elsewhere', async () => {
    write('_redirects', '/a /b');
    write('_headers', '/*\n  x-a: b');
    writeFileSync(path.join(output, 'index.html'), 'home');
    writeFileSync(path.join(output, 'vercel.json'), '{"cleanUrls":true}');
    mkdirSync(path.join(output, 'docs'));
    writeFileSync(path.join(output, 'docs/_redirects'), 'a page about them');
    const built = await collectOutput({ folder: output, root, isProjectRoot: false, user: undefined });
    expect(built.files.map((file) => file.path)).toEqual(['docs/_redirects', 'index.html', 'vercel.json']);
    expect(built.routing.lines).toEqual(['1 redirect, 1 header rule from _redirects, _headers']);
    const uploaded = await collectOutput({ folder: output, isProjectRoot: true, user: undefined });
    expect(uploaded.files.map((file) => file.path)).toEqual(['docs/_redirects', 'index.html']);
    expect(uploaded.routing.rules).toMatchObject({ cleanUrls: true });
  });

  test('a folder with rules only is no site', async () => {
    write('_redirects', '/* https://example.com/:splat');
    await expect(collectOutput({ folder: output, root, isProjectRoot: false, user: undefined })).rejects.toThrow(
      'the output directory has nothing but _redirects',
    );
  });
});
