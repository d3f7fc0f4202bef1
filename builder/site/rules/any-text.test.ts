import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseRoutingRules } from '@miaobu/shared/contracts/routing-rules';
import { parseAllRedirects } from '@netlify/redirect-parser';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { readHeadersFile } from './read-headers-file.ts';
import { readNetlifyToml } from './read-netlify-toml.ts';
import { readRedirectsFile } from './read-redirects-file.ts';
import { readVercelJson } from './read-vercel-json.ts';
import { emptyCollection } from './rule-collection.ts';

const word = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 8 }),
  fc.constantFrom(
    ...(
      '/ /* /** /a/:b /:a/* /*.js :a * # ! 200 301! 404 a=:b Country=de https://a.example/:splat //evil.example ' +
      '/a%2Fb /%ff /:splat X-A: Set-Cookie: a:b ! \\ % $1 (.*) /:a(.*) /:a* ../ http://['
    ).split(' '),
    '/\r',
    '\u0000',
    '\u2028',
    '\ud800',
    'e\u0301',
    '关',
  ),
);
const line = fc.array(word, { maxLength: 5 }).map((words) => words.join(' '));
const lines = fc.array(line, { maxLength: 6 }).map((all) => all.join('\n'));
const value = fc.letrec<{ any: unknown }>((tie) => ({
  any: fc.oneof(
    { maxDepth: 3 },
    word,
    fc.constantFrom(null, true, false, 7, 301),
    fc.array(tie('any'), { maxLength: 3 }),
    fc.dictionary(
      fc.constantFrom(
        'from',
        'to',
        'status',
        'force',
        'query',
        'conditions',
        'signed',
        'headers',
        'values',
        'for',
        'source',
        'destination',
        'key',
        'value',
        'permanent',
        'statusCode',
        'has',
        '__proto__',
      ),
      tie('any'),
    ),
  ),
})).any;
const settings = fc
  .dictionary(
    fc.constantFrom('redirects', 'rewrites', 'headers', 'cleanUrls', 'trailingSlash'),
    fc.oneof(value, fc.array(value)),
  )
  .map((it) => JSON.stringify(it));
/** Every JSON value except null is also TOML, in an inline table. */
const toToml = (it: unknown): string => {
  if (Array.isArray(it)) return `[${it.map(toToml).join(',')}]`;
  if (typeof it !== 'object' || it === null) return JSON.stringify(it ?? 'null');
  return `{${Object.entries(it)
    .map(([name, inner]) => `${JSON.stringify(name)}=${toToml(inner)}`)
    .join(',')}}`;
};
const toml = fc.tuple(fc.array(value), fc.array(value)).map(([a, b]) => `redirects=${toToml(a)}\nheaders=${toToml(b)}`);

test.each([
  ['_redirects', readRedirectsFile, lines],
  ['_headers', readHeadersFile, lines],
  ['netlify.toml', readNetlifyToml, fc.oneof(lines, toml)],
  ['vercel.json', readVercelJson, fc.oneof(lines, settings)],
])('whatever %s says, it is read without an error to rules that the platform takes', async (_, read, text) => {
  await fc.assert(
    fc.asyncProperty(text, async (written) => {
      const collection = emptyCollection();
      await read(written, collection);
      const { warnings, ...rules } = collection;
      parseRoutingRules(rules, (message) => {
        throw new Error(message);
      });
      for (const warning of warnings) expect(warning).toMatch(/^Warning: \P{Cc}+$/u);
    }),
    { numRuns: 400 },
  );
});

test("lines of _redirects mean what Netlify's own parser makes of them", async () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'miaobu-oracle-'));
  const file = path.join(folder, '_redirects');
  const part = fc.constantFrom('/a', '/b/:x', '/c/*', '/d/:x/e');
  const target = fc.constantFrom('/to', 'https://example.com/to', '/to?a=b#c', '');
  const status = fc.constantFrom('', '200', '301', '302!', '404');
  const space = fc.constantFrom(' ', '\t', '   ');
  const tail = fc.constantFrom('', ' ', ' # why', '\r');
  let compared = 0;
  try {
    await fc.assert(
      fc.asyncProperty(
        part,
        fc.constantFrom('', 'id=7'),
        target,
        status,
        space,
        tail,
        async (from, query, to, code, gap, end) => {
          const written = [from, query, to, code].filter(Boolean).join(gap) + end;
          writeFileSync(file, written);
          const { redirects } = await parseAllRedirects({ redirectsFiles: [file], configRedirects: [], minimal: true });
          const collection = emptyCollection();
          await readRedirectsFile(written, collection);
          const [theirs] = redirects as {
            from: string;
            to: string;
            status?: number;
            force?: boolean;
            query?: object;
          }[];
          const [ours] = collection.redirects;
          // What we leave out for reasons of our own is not compared.
          if (ours === undefined) return;
          compared++;
          expect({ ...ours, query: Object.fromEntries(ours.query ?? []) }).toEqual({
            from: theirs?.from,
            to: theirs?.to,
            status: theirs?.status ?? 301,
            force: theirs?.force ?? false,
            query: theirs?.query ?? {},
          });
        },
      ),
      { numRuns: 300 },
    );
    expect(compared).toBeGreaterThan(50);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
