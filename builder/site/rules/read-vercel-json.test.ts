import type { RedirectRule } from '@miaobu/shared/contracts/routing-rules';
import { describe, expect, test } from 'vitest';
import { readVercelJson } from './read-vercel-json.ts';
import { emptyCollection } from './rule-collection.ts';

/** Rules as lines, to compare at a glance. */
const shown = ({ from, to, status, force, query = [] }: RedirectRule) =>
  [from, ...query.map((pair) => pair.join('=')), to, `${status}${force ? '!' : ''}`].join(' ');

async function read(text: string) {
  const collection = emptyCollection();
  await readVercelJson(text, collection);
  return { ...collection, redirects: collection.redirects.map(shown) };
}

describe('vercel.json', () => {
  const json = (settings: object) => JSON.stringify(settings);

  test.each([
    [{ source: '/me', destination: '/profile.html' }, '/me /profile.html 308!'],
    [{ source: '/me', destination: '/profile', permanent: false }, '/me /profile 307!'],
    [{ source: '/me', destination: '/profile', permanent: true }, '/me /profile 308!'],
    [{ source: '/me', destination: '/profile', statusCode: 301 }, '/me /profile 301!'],
    [{ source: '/old', destination: 'https://example.com/' }, '/old https://example.com/ 308!'],
    [{ source: '/blog/:path*', destination: '/news/:path*' }, '/blog/* /news/:splat 308!'],
    [{ source: '/blog/:path+', destination: '/news/:path+' }, '/blog/** /news/:splat 308!'],
    [{ source: '/blog/(.*)', destination: '/news/$1' }, '/blog/** /news/:splat 308!'],
    [{ source: '/blog/:path(.*)', destination: '/news/:path' }, '/blog/** /news/:splat 308!'],
    [{ source: '/(.*)', destination: '/x/$1' }, '/* /x/:splat 308!'],
    [{ source: '/:lang/blog/:slug', destination: '/b/:slug?lang=:lang' }, '/:lang/blog/:slug /b/:slug?lang=:lang 308!'],
    [{ source: '/:lang/blog/(.*)', destination: '/b/$1/$2' }, '/:lang/blog/** /b/:lang/:splat 308!'],
    [{ source: '/a b', destination: '/c d' }, '/a b /c%20d 308!'],
  ])('redirect %j', async (redirect, expected) => {
    const { redirects, warnings } = await read(json({ redirects: [redirect] }));
    expect([redirects, warnings]).toEqual([[expected], []]);
  });

  test.each([
    [{ source: '/a', destination: '/b', has: [{ type: 'host', value: 'x' }] }, 'conditions ("has") are not supported'],
    [{ source: '/a', destination: '/b', missing: [] }, 'conditions ("missing") are not supported'],
    [
      { source: '/post/:id(\\d{1,})', destination: '/b' },
      'of the source only :name, and at its end :name*, :name+ or (.*), are supported',
    ],
    [
      { source: '/((?!api).*)', destination: '/b' },
      'of the source only :name, and at its end :name*, :name+ or (.*), are supported',
    ],
    [
      { source: '/a/:b*/c', destination: '/b' },
      'of the source only :name, and at its end :name*, :name+ or (.*), are supported',
    ],
    [
      { source: '/a/:b?', destination: '/b' },
      'of the source only :name, and at its end :name*, :name+ or (.*), are supported',
    ],
    [
      { source: '/a{/b}', destination: '/b' },
      'of the source only :name, and at its end :name*, :name+ or (.*), are supported',
    ],
    [{ source: 'a', destination: '/b' }, 'the source does not begin with a slash'],
    [{ source: '/a' }, '"destination" is not text'],
    [{ destination: '/a' }, '"source" is not text'],
    [{ source: '/a', destination: '/b', statusCode: 200 }, 'the status 200 is none of a redirect'],
    [{ source: '/a', destination: '/b', statusCode: '301' }, 'the rule has no valid status'],
    ['/a', 'this is not an object'],
    [null, 'this is not an object'],
  ])('redirect %j is left out', async (redirect, why) => {
    const { redirects, warnings } = await read(json({ redirects: [redirect] }));
    expect([redirects, warnings]).toEqual([[], [`Warning: vercel.json, redirects[0]: ${why}; the rule is left out`]]);
  });

  test('has rewrites, which come after files, and none to other servers', async () => {
    const rewrites = [
      { source: '/(.*)', destination: '/index.html' },
      { source: '/fonts/:splat*', destination: 'https://fonts.example/:splat*' },
    ];
    const { redirects, warnings } = await read(json({ rewrites }));
    expect(redirects).toEqual(['/* /index.html 200']);
    expect(warnings).toEqual([
      'Warning: vercel.json, rewrites[1]: the target of the rule is on another server, and content of other servers is not passed on; the rule is left out',
    ]);
  });

  test('has headers, cleanUrls and trailingSlash', async () => {
    const headers = [
      { source: '/movies/:title', headers: [{ key: 'X-Film', value: 'is :title, $1' }] },
      { source: '/(.*)', headers: [{ key: 'X-Content-Type-Options', value: 'nosniff' }] },
      { source: '/a', headers: [{ key: 'X-A' }] },
      { source: '/b', headers: {} },
    ];
    const { warnings, ...rules } = await read(
      json({ headers, cleanUrls: true, trailingSlash: false, routes: [], buildCommand: 'x' }),
    );
    expect(rules).toEqual({
      redirects: [],
      headers: [{ for: '/movies/:title', set: [['x-film', 'is :title, :title']], unset: [] }],
      cleanUrls: true,
      trailingSlash: false,
    });
    expect(warnings).toEqual([
      'Warning: vercel.json: "routes" is not supported; use redirects, rewrites and headers',
      'Warning: vercel.json, headers[2]: "value" is not text; the rule is left out',
      'Warning: vercel.json, headers[3]: "headers" is not a list; the rule is left out',
    ]);
  });

  test.each([
    ['{', 'this is not valid JSON; nothing of the file counts'],
    ['[]', 'this is not an object; nothing of the file counts'],
    ['{"redirects":{}}', '"redirects" is not a list; it is left out'],
    ['{"cleanUrls":"yes"}', '"cleanUrls" is neither true nor false; it is left out'],
  ])('%s is said to be wrong', async (text, why) => {
    const { warnings } = await read(text);
    expect(warnings).toEqual([`Warning: vercel.json: ${why}`]);
  });
});
