import { expect, test } from 'vitest';
import { contentType } from './content-type.ts';

test.each([
  ['404.html', 'text/html; charset=utf-8'],
  ['assets/app.mjs', 'text/javascript; charset=utf-8'],
  ['data.json', 'application/json; charset=utf-8'],
  ['site.webmanifest', 'application/manifest+json; charset=utf-8'],
  ['feed.xml', /^(text|application)\/xml; charset=utf-8$/],
  ['logo.SVG', 'image/svg+xml; charset=utf-8'],
  ['photo.avif', 'image/avif'],
  ['app.wasm', 'application/wasm'],
  ['favicon.ico', /^image\/[\w.-]+$/],
  ['font.woff2', 'font/woff2'],
  ['LICENSE', 'application/octet-stream'],
])('%s is sent as %s', (path, type) => {
  expect(contentType(path)).toEqual(type instanceof RegExp ? expect.stringMatching(type) : type);
});
