import type { RedirectRule } from '@miaobu/shared/contracts/routing-rules';
import { describe, expect, test } from 'vitest';
import { readRedirectsFile } from './read-redirects-file.ts';
import { emptyCollection } from './rule-collection.ts';

/** Rules as lines, to compare at a glance. */
const shown = ({ from, to, status, force, query = [] }: RedirectRule) =>
  [from, ...query.map((pair) => pair.join('=')), to, `${status}${force ? '!' : ''}`].join(' ');

async function read(text: string) {
  const collection = emptyCollection();
  await readRedirectsFile(text, collection);
  return { ...collection, redirects: collection.redirects.map(shown) };
}

describe('_redirects', () => {
  test.each([
    ['/home /', '/home / 301'],
    ['/home\t\t/   302', '/home / 302'],
    ['  /home / 301 # moved', '/home / 301'],
    ['/home / 301!', '/home / 301!'],
    ['/old https://example.com/new?a=b#c 308', '/old https://example.com/new?a=b#c 308'],
    ['/old HTTPS://Example.com', undefined],
    ['/old https://Example.com', '/old https://example.com 301'],
    ['/old https://例え.example/路', '/old https://xn--r8jz45g.example/%E8%B7%AF 301'],
    ['/关于 /about', '/关于 /about 301'],
    ['/%E5%85%B3%E4%BA%8E /about', '/关于 /about 301'],
    ['/news/* /blog/:splat', '/news/* /blog/:splat 301'],
    ['/news/:year/:slug /blog/:year-:slug 303', '/news/:year/:slug /blog/:year-:slug 303'],
    ['/* /index.html 200', '/* /index.html 200'],
    ['/app/* 200', '/app/* /app/:splat 200'],
    ['/en/* /en/404.html 404', '/en/* /en/404.html 404'],
    ['/store id=:id tag=new /goods/:id 302', '/store id=:id tag=new /goods/:id 302'],
  ])('%s', async (line, expected) => {
    const { redirects, warnings } = await read(line);
    expect([redirects, warnings.length]).toEqual(expected === undefined ? [[], 1] : [[expected], 0]);
  });

  test.each([
    ['/a', 'there is no target that begins with /, http:// or https://'],
    ['/a b', 'there is no target that begins with /, http:// or https://'],
    ['a /b', 'the path does not begin with a slash'],
    ['/a /b 3xx', '"3xx" is not a status'],
    ['/a /b 418', 'the status 418 is not supported'],
    ['/a https://example.com/ 200', 'content of other servers is not passed on (a redirect is possible)'],
    ['/a /.netlify/functions/b 200', 'functions and services of Netlify do not exist here'],
    ['/.netlify/a /b', '"path" field must not start with "/.netlify"'],
    ['/a /b 302 Country=au,nz', 'conditions (Country) are not supported'],
    ['/a /b 302 Language=zh country=cn', 'conditions (Language, Country) are not supported'],
    ['/a /b 200! Role=admin', 'conditions (Role) are not supported'],
    ['/a /b 302 Cookie=preview', 'conditions (Cookie) are not supported'],
    ['/a https://example.com/ 200 Sign=KEY', 'signed requests are not supported'],
    ['https://example.com/a /b', 'a rule for one hostname is not supported'],
    ['/a*b*c /d', 'the path of the rule has more than one *'],
    ['/a/** /d', 'the path has more than one *'],
    [
      '/a/:b-:c /d',
      'the path of the rule has a placeholder that is not a whole segment (a letter, then letters, digits and _)',
    ],
    ['/a?b=c /d', 'a path to match has neither ? nor #'],
    ['/a#b /d', 'a path to match has neither ? nor #'],
    ['/100% /d', 'the path is not percent-encoded correctly'],
    ['/a%2Fb /d', 'an encoded slash, star or colon cannot be matched'],
    ['/a%0d%0ab /d', 'the path of the rule has a control character or a backslash'],
    ['/a //evil.example', 'the target of the rule is neither a path of this site nor a URL with http: or https:'],
    ['/a /\\evil.example', 'the target of the rule is neither a path of this site nor a URL with http: or https:'],
    [
      '/a https://user:word@example.com/',
      'the target of the rule is neither a path of this site nor a URL with http: or https:',
    ],
    [
      '/:a https://:a.example.com/',
      'the target of the rule is neither a path of this site nor a URL with http: or https:',
    ],
    ['/a /b/:c', 'the target of the rule has :c, which the path does not have'],
    ['/a /b/:splat', 'the target of the rule has :splat, which the path does not have'],
    ['/store id /b', 'the rule has a parameter that is none'],
  ])('%s is left out', async (line, why) => {
    const { redirects, warnings } = await read(`# one\n\n${line}\n/good /b`);
    expect(redirects).toEqual(['/good /b 301']);
    expect(warnings).toEqual([`Warning: _redirects:3: ${why}; the rule is left out`]);
  });

  test('rules keep their order, also where two are alike; lines may end as on Windows', async () => {
    const { redirects } = await read('\ufeff/a /b\r\n/* /c 200\r\n/a /b\r\n');
    expect(redirects).toEqual(['/a /b 301', '/* /c 200', '/a /b 301']);
  });
});
