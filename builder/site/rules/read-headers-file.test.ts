import { describe, expect, test } from 'vitest';
import { readHeadersFile } from './read-headers-file.ts';
import { emptyCollection } from './rule-collection.ts';

async function read(text: string) {
  const collection = emptyCollection();
  await readHeadersFile(text, collection);
  return collection;
}

describe('_headers', () => {
  test('blocks of headers, where a name may be given twice, and others removed', async () => {
    const { headers, warnings } = await read(
      '# all\n/*\n  X-Frame-Options: DENY\n  Link: <a>\n  link: <b>\n\n/*.jpg\n! x-frame-options\n/关\n  x-a: b:c\n',
    );
    expect(headers).toEqual([
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
    expect(warnings).toEqual([]);
  });

  test('forbidden and malformed headers are left out, with their line numbers', async () => {
    const { headers, warnings } = await read(
      'X-First: no path\n/*\n  Set-Cookie: a=b\n  X-Good: yes\n  Basic-Auth: me:word\n  nonsense\n  X-Content-Type-Options: nosniff\n' +
        '  X-Content-Type-Options: sniff\n  X-Empty:\n  Bad Name: x\n  X-Wide: 关\n  Strict-Transport-Security: max-age=0\n' +
        'https://example.com/*\n  X-A: b\n/a*b*\n  X-A: b\n/only\n  Server: mine\n',
    );
    expect(headers).toEqual([{ for: '/*', set: [['x-good', 'yes']], unset: [] }]);
    expect(warnings).toEqual([
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
    ]);
  });
});
