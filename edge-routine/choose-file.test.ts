import { describe, expect, test } from 'vitest';
import { A_BROWSER, deploymentId, imitateEdge } from './testing/imitated-edge.ts';

const PAGE = { 'about.html': 'the page' };
const FOLDER = { 'about/index.html': 'the folder' };

async function outcome(files: Record<string, string>, path: string, spa = false): Promise<string> {
  const edge = imitateEdge();
  edge.deploy({ files, spa });
  const response = await edge.visit(path, { headers: A_BROWSER });
  const location = response.headers.get('location');
  return location ? `${response.status} ${location}` : response.ok ? await response.text() : String(response.status);
}

describe('the address of a page', () => {
  test.each([
    ['/about', PAGE, 'the page'],
    ['/about/', PAGE, '308 /about'],
    ['/about.html', PAGE, 'the page'],
    ['/about/index.html', PAGE, '404'],
    ['/about', FOLDER, '308 /about/'],
    ['/about/', FOLDER, 'the folder'],
    ['/about.html', FOLDER, '404'],
    ['/about/index.html', FOLDER, 'the folder'],
    ['/about', { ...PAGE, ...FOLDER }, 'the page'],
    ['/about/', { ...PAGE, ...FOLDER }, 'the folder'],
    ['/about', { about: 'bare' }, 'bare'],
    ['/about/', { about: 'bare' }, '404'],
    ['/', { 'index.html': 'home' }, 'home'],
    ['/index.html', { 'index.html': 'home' }, 'home'],
    ['/', { 'other.html': 'x' }, '404'],
    ['/a/b/c', { 'a/b/c.html': 'deep' }, 'deep'],
    ['/post-1.2', { 'post-1.2.html': 'dotted' }, 'dotted'],
    ['/About', PAGE, '404'],
    ['/about?utm_source=x', PAGE, 'the page'],
    ['//about', PAGE, '404'],
    ['/about//', PAGE, '404'],
  ])('%s of a site with %j is %s', async (path, files, expected) => {
    expect(await outcome(files, path)).toBe(expected);
  });

  test.each([
    ['/café', 'café.html'],
    ['/cafe%CC%81', 'café.html'],
    ['/%E5%85%B3%E4%BA%8E', '关于.html'],
    ['/a%20b', 'a b.html'],
    ['/100%25', '100%.html'],
    ['/c++', 'c++.html'],
    ['/a;b=c', 'a;b=c.html'],
  ])('%s finds the file named %s', async (path, file) => {
    expect(await outcome({ [file.normalize('NFC')]: 'found' }, path)).toBe('found');
  });

  test('a redirect keeps the query, is percent-encoded and is revalidated after the next deployment', async () => {
    const edge = imitateEdge();
    edge.deploy({ files: { '关于 我/index.html': 'x' } });
    const response = await edge.visit('/%E5%85%B3%E4%BA%8E%20%E6%88%91?a=1&b=%2F');
    expect(response.status).toBe(308);
    expect(response.headers.get('location')).toBe('/%E5%85%B3%E4%BA%8E%20%E6%88%91/?a=1&b=%2F');
    expect(response.headers.get('cache-control')).toBe('public, max-age=0, must-revalidate');
  });

  test('a redirect never leads to another host, whatever slashes the path begins with', async () => {
    const edge = imitateEdge();
    edge.deploy({ files: { 'evil.example/index.html': 'x', 'index.html': 'home' } });
    for (const path of [
      '//evil.example',
      '///evil.example',
      '/\\evil.example',
      '/%5cevil.example',
      '/.//evil.example',
    ]) {
      const response = await edge.visit(path);
      expect(response.headers.get('location'), path).toBeNull();
    }
    expect((await edge.visit('/evil.example')).headers.get('location')).toBe('/evil.example/');
  });
});

describe('a single-page app', () => {
  const APP = { 'index.html': 'the app', 'app.js': 'code' };

  test.each([
    ['/settings', 'the app'],
    ['/settings/', 'the app'],
    ['/users/42/edit', 'the app'],
    ['/missing.js', '404'],
    ['/v1.2/missing.png', '404'],
    ['/v1.2/settings', 'the app'],
    ['/app.js', 'code'],
  ])('answers %s opened as a page with: %s', async (path, expected) => {
    expect(await outcome(APP, path, true)).toBe(expected);
  });

  test('S-E8: the fallback is for GET and HEAD of pages only; what is fetched as data gets a 404', async () => {
    const edge = imitateEdge();
    edge.deploy({ files: APP, spa: true });
    const status = async (method: string, accept?: string) =>
      (await edge.visit('/settings', { method, headers: accept ? { accept } : {} })).status;
    expect(await status('GET', 'text/html')).toBe(200);
    expect(await status('HEAD', 'text/html')).toBe(200);
    expect(await status('GET', 'Text/HTML;q=0.9')).toBe(200);
    expect(await status('GET', '*/*')).toBe(404);
    expect(await status('GET', 'application/json')).toBe(404);
    expect(await status('GET')).toBe(404);
    expect(await status('POST', 'text/html')).toBe(405);
  });

  test('an answer that depends on Accept says so, in both cases', async () => {
    const edge = imitateEdge();
    edge.deploy({ files: { ...APP, '404.html': 'lost' }, spa: true });
    const page = await edge.visit('/settings', { headers: A_BROWSER });
    const data = await edge.visit('/settings', { headers: { accept: 'application/json' } });
    expect([page.status, page.headers.get('vary')]).toEqual([200, 'Accept']);
    expect([data.status, data.headers.get('vary')]).toEqual([404, 'Accept']);
    expect((await edge.visit('/app.js')).headers.get('vary')).toBeNull();
  });

  test('a site that is not one never falls back', async () => {
    expect(await outcome(APP, '/settings', false)).toBe('404');
  });
});

describe('a path that is not there', () => {
  test("shows the site's own 404.html with status 404, with neither validator nor ranges", async () => {
    const edge = imitateEdge();
    edge.deploy({ files: { 'index.html': 'home', '404.html': 'lost?' } });
    const response = await edge.visit('/nowhere.js', { headers: { range: 'bytes=0-1', 'if-none-match': '*' } });
    expect(response.status).toBe(404);
    expect(await response.text()).toBe('lost?');
    expect(response.headers.get('content-length')).toBe('5');
    expect(response.headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(response.headers.get('cache-control')).toBe('public, max-age=0, must-revalidate');
    expect(response.headers.get('etag')).toBeNull();
    expect(response.headers.get('accept-ranges')).toBeNull();
    expect(response.headers.get('x-miaobu-deployment')).toBe(deploymentId('one'));
  });

  test('shows a page in Chinese and English when the site has none, or when its own cannot be read', async () => {
    const edge = imitateEdge();
    edge.deploy({ files: { 'index.html': 'home', '404.html': 'lost?' } });
    edge.fetchOrigin = async () => new Response(null, { status: 500 });
    const unreadable = await edge.visit('/nowhere');
    edge.deploy({ id: deploymentId('two'), files: { 'index.html': 'home' } });
    const absent = await edge.visit('/nowhere');
    for (const response of [unreadable, absent]) {
      expect(response.status).toBe(404);
      const page = await response.text();
      expect(page).toContain('页面不存在');
      expect(page).toContain('Page not found');
    }
  });
});
