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

async function redirectsIn(name: string, text: string) {
  write(name, text);
  const { rules, lines } = await read();
  return { redirects: redirectsOf(rules), warnings: lines.filter((line) => line.startsWith('Warning')) };
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
    const { redirects, warnings } = await redirectsIn('_redirects', line);
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
    const { redirects, warnings } = await redirectsIn('_redirects', `# one\n\n${line}\n/good /b`);
    expect(redirects).toEqual(['/good /b 301']);
    expect(warnings).toEqual([`Warning: _redirects:3: ${why}; the rule is left out`]);
  });

  test('rules keep their order, also where two are alike; lines may end as on Windows', async () => {
    const { redirects } = await redirectsIn('_redirects', '\ufeff/a /b\r\n/* /c 200\r\n/a /b\r\n');
    expect(redirects).toEqual(['/a /b 301', '/* /c 200', '/a /b 301']);
  });
});

describe('netlify.toml', () => {
  test('has redirects with all their fields, of which old names are known', async () => {
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
    const { redirects, warnings } = await redirectsIn('netlify.toml', text);
    expect(redirects).toEqual(['/old/* /new/:splat 301', '/store id=:id /goods/:id 302!', '/app/* /app/:splat 200']);
    expect(warnings).toEqual([
      'Warning: netlify.toml:16: conditions (Country) are not supported; the rule is left out',
      'Warning: netlify.toml:20: "from" is not text; the rule is left out',
      'Warning: netlify.toml:23: headers for another server are not supported; the rule is left out',
    ]);
  });

  test('has headers, in lists and over several lines', async () => {
    write(
      'netlify.toml',
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
    const { rules, lines } = await read();
    expect(rules?.headers).toEqual([
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
    expect(lines).toEqual([
      'Warning: netlify.toml:10: the header "Set-Cookie" is left out: a static site sets no cookies',
      'Warning: netlify.toml:13: Missing "for" field; the rule is left out',
      '1 header rule from netlify.toml',
    ]);
  });

  test.each([
    ['[build\n', /^Warning: netlify\.toml:1: Invalid TOML document: .*; nothing of the file counts$/],
    ['redirects = "no"\n', /^Warning: netlify\.toml: "redirects" is not a list of tables; it is left out$/],
    ['redirects = [7]\n', /^Warning: netlify\.toml, redirects\[0\]: this is not a table; the rule is left out$/],
  ])('%j is said to be wrong', async (text, warning) => {
    const { redirects, warnings } = await redirectsIn('netlify.toml', text);
    expect([redirects, warnings]).toEqual([[], [expect.stringMatching(warning)]]);
  });
});

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
    const { redirects, warnings } = await redirectsIn('vercel.json', json({ redirects: [redirect] }));
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
    const { redirects, warnings } = await redirectsIn('vercel.json', json({ redirects: [redirect] }));
    expect([redirects, warnings]).toEqual([[], [`Warning: vercel.json, redirects[0]: ${why}; the rule is left out`]]);
  });

  test('has rewrites, which come after files, and none to other servers', async () => {
    const rewrites = [
      { source: '/(.*)', destination: '/index.html' },
      { source: '/fonts/:splat*', destination: 'https://fonts.example/:splat*' },
    ];
    const { redirects, warnings } = await redirectsIn('vercel.json', json({ rewrites }));
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
    write('vercel.json', json({ headers, cleanUrls: true, trailingSlash: false, routes: [], buildCommand: 'x' }));
    const { rules, lines } = await read();
    expect(rules).toEqual({
      redirects: [],
      headers: [{ for: '/movies/:title', set: [['x-film', 'is :title, :title']], unset: [] }],
      cleanUrls: true,
      trailingSlash: false,
    });
    expect(lines).toEqual([
      'Warning: vercel.json: "routes" is not supported; use redirects, rewrites and headers',
      'Warning: vercel.json, headers[2]: "value" is not text; the rule is left out',
      'Warning: vercel.json, headers[3]: "headers" is not a list; the rule is left out',
      '1 header rule, clean URLs, no trailing slash from vercel.json',
    ]);
  });

  test.each([
    ['{', 'this is not valid JSON; nothing of the file counts'],
    ['[]', 'this is not an object; nothing of the file counts'],
    ['{"redirects":{}}', '"redirects" is not a list; it is left out'],
    ['{"cleanUrls":"yes"}', '"cleanUrls" is neither true nor false; it is left out'],
  ])('%s is said to be wrong', async (text, why) => {
    const { warnings } = await redirectsIn('vercel.json', text);
    expect(warnings).toEqual([`Warning: vercel.json: ${why}`]);
  });
});

describe('_headers', () => {
  test('blocks of headers, of which one name may be given twice, and others taken back', async () => {
    write(
      '_headers',
      '# all\n/*\n  X-Frame-Options: DENY\n  Link: <a>\n  link: <b>\n\n/*.jpg\n! x-frame-options\n/关\n  x-a: b:c\n',
    );
    const { rules, lines } = await read();
    expect(rules?.headers).toEqual([
      {
        for: '/*',
        set: [
          ['x-frame-options', 'DENY'],
          ['link', '<a>, <b>'],
        ],
        unset: [],
      },
      { for: '/*.jpg', set: [], unset: ['x-frame-options'] },
      { for: '/关', set: [['x-a', 'b:c']], unset: [] },
    ]);
    expect(lines).toEqual(['3 header rules from _headers']);
  });

  test('what may not be set, and what is no header, is left out with the line it stands in', async () => {
    write(
      '_headers',
      'X-First: no path\n/*\n  Set-Cookie: a=b\n  X-Good: yes\n  Basic-Auth: me:word\n  nonsense\n  X-Content-Type-Options: nosniff\n' +
        '  X-Content-Type-Options: sniff\n  X-Empty:\n  Bad Name: x\n  X-Wide: 关\n  Strict-Transport-Security: max-age=0\n' +
        'https://example.com/*\n  X-A: b\n/a*b*\n  X-A: b\n/only\n  Server: mine\n',
    );
    const { rules, lines } = await read();
    expect(rules?.headers).toEqual([{ for: '/*', set: [['x-good', 'yes']], unset: [] }]);
    expect(lines).toEqual([
      'Warning: _headers:1: there is no path above it; the line is left out',
      'Warning: _headers:6: this is neither a path nor a header with its value; the line is left out',
      'Warning: _headers:3: the header "Set-Cookie" is left out: a static site sets no cookies',
      'Warning: _headers:5: the header "Basic-Auth" is left out: password protection is not supported, and everybody can read the site',
      'Warning: _headers:8: the header "X-Content-Type-Options" is left out: the platform always sends nosniff',
      'Warning: _headers:9: the header "X-Empty" is left out: its value has to be printable ASCII, at most 4000 characters',
      'Warning: _headers:10: the header "Bad Name" is left out: that is not the name of a header',
      'Warning: _headers:11: the header "X-Wide" is left out: its value has to be printable ASCII, at most 4000 characters',
      'Warning: _headers:12: the header "Strict-Transport-Security" is left out: the platform sets it itself',
      'Warning: _headers:13: a rule for one hostname is not supported; the rule is left out',
      'Warning: _headers:15: the path of the rule has more than one *; the rule is left out',
      'Warning: _headers:18: the header "Server" is left out: the platform sets it itself',
      '1 header rule from _headers',
    ]);
  });
});

describe('the files together', () => {
  test('_redirects comes before netlify.toml, and that before vercel.json', async () => {
    write('_redirects', '/a /1\n/b /2 200');
    write('netlify.toml', '[[redirects]]\nfrom = "/a"\nto = "/3"');
    write('vercel.json', '{"redirects":[{"source":"/a","destination":"/4"}],"cleanUrls":false}');
    const { rules, lines } = await read();
    expect(redirectsOf(rules)).toEqual(['/a /1 301', '/b /2 200', '/a /3 301', '/a /4 308!']);
    expect(lines).toEqual(['3 redirects, 1 rewrite from _redirects, netlify.toml, vercel.json']);
  });

  test('without any there are no rules and nothing is said', async () => {
    expect(await read()).toEqual({ rules: undefined, lines: [] });
    write('netlify.toml', '[build]\ncommand = "make"\n');
    expect(await read()).toEqual({ rules: undefined, lines: [] });
  });

  test('a file in the root directory that the build did not copy is pointed at', async () => {
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
    const { warnings } = await redirectsIn('_redirects', '/a\n'.repeat(1000));
    expect(warnings).toHaveLength(51);
    expect(warnings.at(-1)).toBe('Warning: 950 more rules are left out');
  });

  test('what is written in a file cannot begin a line of the log', async () => {
    const { warnings } = await redirectsIn('_headers', '/*\n  a\u001b[31m\r"b: c\n');
    expect(warnings.join('')).toMatch(/^[\x20-\x7e]*$/);
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

  test('what the build could not read is not read for it', async () => {
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
  test('publishes no file of rules, but what has its name elsewhere', async () => {
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
