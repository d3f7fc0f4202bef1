import type { RedirectRule } from '@miaobu/shared/contracts/routing-rules';
import { describe, expect, test } from 'vitest';
import { readNetlifyToml } from './read-netlify-toml.ts';
import { emptyCollection } from './rule-collection.ts';

/** Rules as lines, to compare at a glance. */
const shown = ({ from, to, status, force, query = [] }: RedirectRule) =>
  [from, ...query.map((pair) => pair.join('=')), to, `${status}${force ? '!' : ''}`].join(' ');

async function read(text: string) {
  const collection = emptyCollection();
  await readNetlifyToml(text, collection);
  return { ...collection, redirects: collection.redirects.map(shown) };
}

describe('netlify.toml', () => {
  test('has redirects with all their fields, under old names too', async () => {
    const text = `
[build]
  publish = "dist"
[[redirects]]
  from = "/old/*"
  to = "/new/:splat"
[[redirects]]
  origin = "/store"
  destination = "/goods/:id"
  status = 302
  force = true
  query = { id = ":id" }
[[redirects]]
  from = "/app/*"
  status = 200
[[redirects]]
  from = "/au"
  to = "/australia"
  conditions = { Country = ["au"] }
[[redirects]]
  from = 7
  to = "/"
[[redirects]]
  from = "/api/*"
  to = "https://api.example.com/:splat"
  status = 200
  [redirects.headers]
    X-From = "Netlify"
`;
    const { redirects, warnings } = await read(text);
    expect(redirects).toEqual(['/old/* /new/:splat 301', '/store id=:id /goods/:id 302!', '/app/* /app/:splat 200']);
    expect(warnings).toEqual([
      'Warning: netlify.toml:16: conditions (Country) are not supported; the rule is left out',
      'Warning: netlify.toml:20: "from" is not text; the rule is left out',
      'Warning: netlify.toml:23: headers for another server are not supported; the rule is left out',
    ]);
  });

  test('has headers, in lists and over several lines', async () => {
    const { headers, warnings } = await read(
      `
[[headers]]
  for = "/*"
  [headers.values]
    X-Frame-Options = "DENY"
    Link = ["</a.css>; rel=preload", "</b.css>; rel=preload"]
    cache-control = '''
      max-age=0,
      no-cache'''
[[headers]]
  for = "/*"
  values = { Set-Cookie = "a=b" }
[[headers]]
  values = { X-A = "b" }
`,
    );
    expect(headers).toEqual([
      {
        for: '/*',
        set: [
          ['x-frame-options', 'DENY'],
          ['link', '</a.css>; rel=preload, </b.css>; rel=preload'],
          ['cache-control', 'max-age=0, no-cache'],
        ],
        unset: [],
      },
    ]);
    expect(warnings).toEqual([
      'Warning: netlify.toml:10: the header "Set-Cookie" is left out: a static site sets no cookies',
      'Warning: netlify.toml:13: Missing "for" field; the rule is left out',
    ]);
  });

  test.each([
    ['[build\n', /^Warning: netlify\.toml:1: Invalid TOML document: .*; nothing of the file counts$/],
    ['redirects = "no"\n', /^Warning: netlify\.toml: "redirects" is not a list of tables; it is left out$/],
    ['redirects = [7]\n', /^Warning: netlify\.toml, redirects\[0\]: this is not a table; the rule is left out$/],
  ])('%j is said to be wrong', async (text, warning) => {
    const { redirects, warnings } = await read(text);
    expect([redirects, warnings]).toEqual([[], [expect.stringMatching(warning)]]);
  });
});
