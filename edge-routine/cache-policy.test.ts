import { describe, expect, test } from 'vitest';
import { cachePolicy } from './cache-policy.ts';

const policy = (path: string, type = 'text/javascript') => cachePolicy(path, type);

describe('a name with a hash of the content is cached forever', () => {
  test.each([
    'app.8f3a9b2c.js',
    'static/js/main.8f3a9b2c.chunk.js',
    'static/js/main.8f3a9b2c.js.map',
    'static/media/logo.5d5d9eefa31e5e13a6610d9fa7a283bb.svg',
    '_next/static/chunks/4bd1b696-2a3f9c1d.js',
    'main-0d9c1e7f.css',
    'img_0d9c1e7f.png',
    'main-5RC7PFZX.js',
    'chunk-K3W2JFLD.js',
    'assets/index-B3x_9aQz.js',
    'docs/assets/index-C9-x1aQz.css',
    '_astro/hoisted.Cx3vB8Lp.js',
    '_app/immutable/chunks/B4q9XzLt.js',
    '_next/static/chunks/3qcl397tqvkw3.css',
    '_next/static/media/leaf.2ybzzruwksd_n.svg',
    '_next/static/xdvkASnR5qTUUY2x36eS4/_buildManifest.js',
    '_astro/bowl.BIviss3g.svg',
    '_app/immutable/assets/telescope.CuEBHsA9.svg',
    '_nuxt/entry.DlAUqK2U.css',
    '_nuxt/builds/meta/0d9c1e7f-3a5b-4f0e-9d53-6a2a54f7c0de.json',
  ])('%s', (path) => {
    expect(policy(path)).toBe('public, max-age=31536000, immutable');
  });
});

describe('a name that may mean something else tomorrow is revalidated', () => {
  test.each([
    'index.js',
    'sw.js',
    'manifest.json',
    'report-20241231.pdf',
    'report-20241231a.pdf',
    'deadbeef.png',
    'the-facade-defaced.png',
    'photo-550e8400-e29b-41d4-a716-44665544a0b1.jpg',
    'hero-1920x1080.png',
    'assets/logo-Version2.js',
    'assets/my-beautiful.js',
    'assets/MainPage.js',
    'assets/iPhone15.js',
    'assets/photo-B3x_9aQz.png',
    'lib/index-B3x_9aQz.js',
    '_nuxt/builds/latest.json',
    'blog/_astro/notes.js',
    '_app/version.json',
    'CHAPTER2.js',
    'MODULE3D.js',
    'jquery-3.7.1.min.js',
    'jquery-12345678.js',
    '8f3a9b2c/app.js',
    'app.8f3a9b2c',
    `${'0a'.repeat(33)}.js`,
  ])('%s', (path) => {
    expect(policy(path)).toBe('public, max-age=0, must-revalidate');
  });

  test('HTML, whatever its name', () => {
    expect(policy('page.8f3a9b2c.html', 'text/html; charset=utf-8')).toBe('public, max-age=0, must-revalidate');
  });
});
