import { brotliDecompressSync } from 'node:zlib';
import { type ApiClient, createClient } from '@miaobu/shared/contracts/client';
import type { Deployment } from '@miaobu/shared/contracts/shown-deployment';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { buildTimes } from '../../builder/testing/build-times.ts';
import { filesOfFixture } from '../../builder/testing/files-of-fixture.ts';
import { eventually } from './eventually.ts';
import { gitSite } from './git-site.ts';
import { type Platform, startPlatform } from './start-platform.ts';
import { visit } from './visit.ts';

const PATIENCE_MS = 400_000;
const HTML = 'text/html; charset=utf-8';
const SVG = 'image/svg+xml; charset=utf-8';
const FOR_GOOD = 'public, max-age=31536000, immutable';
const ASK_AGAIN = 'public, max-age=0, must-revalidate';

let platform: Platform;
let api: ApiClient;
const times: string[] = [];

beforeAll(async () => {
  platform = await startPlatform();
  api = createClient({ origin: platform.apiUrl, token: platform.token });
});
afterAll(async () => {
  await platform?.stop();
  platform?.clean();
  console.log(times.join('\n'));
});

async function settled(project: string): Promise<Deployment> {
  return eventually(
    async () => {
      const [newest] = (await api('listDeployments', { params: { project }, query: { limit: 1 } })).data;
      return newest && ['deployed', 'failed', 'cancelled'].includes(newest.status) ? newest : undefined;
    },
    'the deployment settles',
    PATIENCE_MS,
  );
}

async function logOf(project: string, deployment: string): Promise<string> {
  const { data } = await api('readDeploymentLogs', { params: { project, deployment }, query: { limit: 1000 } });
  return data.map(({ text }) => text).join('');
}

/** A fixture pushed with git, imported, and live; or an error with the log of its build. */
async function deployed(fixture: string, settings: { root_directory?: string } = {}) {
  const site = await gitSite(platform.gitUrl, `dev/${fixture}`);
  try {
    await site.commit(filesOfFixture(fixture));
    await site.push();
  } finally {
    site.remove();
  }
  const { data: project } = await api('createProject', { body: { repo: `dev/${fixture}`, ...settings } });
  const deployment = await settled(project.id);
  const log = await logOf(project.id, deployment.id);
  times.push(buildTimes(fixture, log));
  expect(deployment, log).toMatchObject({ status: 'deployed', current: true });
  return { url: project.url, log };
}

const accept = 'text/html,application/xhtml+xml,*/*;q=0.8';

/** A page as a browser gets it: compressed, and the same as without. */
async function pageAt(url: string): Promise<string> {
  const [plain, packed] = await Promise.all([
    visit(url, { accept }),
    visit(url, { accept, 'accept-encoding': 'gzip, br' }),
  ]);
  expect([plain.status, plain.headers['content-type'], plain.headers['cache-control']], url).toEqual([
    ...[200, HTML, ASK_AGAIN],
  ]);
  // Files smaller than a packet are not compressed.
  if (packed.headers['content-encoding'] === undefined) expect(plain.bytes.length, url).toBeLessThan(1024);
  else
    expect([packed.headers['content-encoding'], brotliDecompressSync(packed.bytes).toString()]).toEqual([
      'br',
      plain.body,
    ]);
  return plain.body;
}

/** The first file that a text names in this way, below the site's root. */
function named(text: string, form: RegExp): string {
  const found = form.exec(text)?.[1];
  if (found === undefined) throw new Error(`nothing like ${form} in:\n${text}`);
  return found;
}

/** A file of the site that is there, with the type and the time a browser may keep it. */
async function fileAt(url: string): Promise<{ type: string | undefined; keep: string | undefined; body: string }> {
  const { status, headers, body } = await visit(url);
  expect(status, url).toBe(200);
  return { type: headers['content-type'], keep: headers['cache-control'], body };
}

async function compressedAt(url: string): Promise<void> {
  const packed = await visit(url, { 'accept-encoding': 'br' });
  expect([packed.status, packed.headers['content-encoding']], url).toEqual([200, 'br']);
  expect(brotliDecompressSync(packed.bytes).toString()).toBe((await visit(url)).body);
}

async function missingAt(url: string, says: string): Promise<void> {
  const { status, headers, body } = await visit(url);
  expect([status, headers['content-type'], headers['cache-control']], url).toEqual([404, HTML, ASK_AGAIN]);
  expect(body).toContain(says);
}

test('Vite with React and TypeScript: a single-page app, whose rules take precedence', async () => {
  const { url, log } = await deployed('vite-react-spa');
  expect(log).toMatch(
    /^Detected: Vite\n(.*\n)*> npm ci\n(.*\n)*Installed \d+ packages in .*\n(.*\n)*> npm run build\n/m,
  );
  expect(log).toContain('1 redirect, 2 header rules from _redirects, _headers\n');
  const page = await pageAt(url);
  expect(page).toContain('<title>Tides</title>');
  const script = await fileAt(url + named(page, /src="\/(assets\/index-[\w-]+\.js)"/));
  expect(script.type).toBe('text/javascript; charset=utf-8');
  await compressedAt(url + named(page, /src="\/(assets\/index-[\w-]+\.js)"/));
  const chart = await fileAt(url + named(script.body, /(assets\/chart-[\w-]+\.svg)/));
  expect([chart.type, chart.body]).toEqual([SVG, expect.stringContaining('#0e7490')]);
  // Every path that is not a file is a page of the app; the app's own files are not.
  expect(await pageAt(`${url}harbours/xiamen`)).toBe(page);
  const redirect = await visit(`${url}harbour/xiamen`);
  expect([redirect.status, redirect.headers.location]).toEqual([301, '/harbours/xiamen']);
  const buoy = await visit(`${url}buoy.svg`);
  expect(buoy.headers).toMatchObject({ 'x-frame-options': 'DENY', 'cache-control': 'max-age=600' });
  expect((await visit(`${url}assets/gone-0123abcd.js`)).status).toBe(404);
});

test('Astro: pages in folders, a page for what is missing, redirects and headers', async () => {
  const { url, log } = await deployed('astro-site');
  expect(log).toMatch(/^Detected: Astro\n(.*\n)*> npm install\n(.*\n)*> npm run build\n/m);
  const page = await pageAt(url);
  expect(page).toContain('2 recipes that need one pot');
  expect(await pageAt(`${url}recipes/noodles/`)).toContain('Ready in 20 minutes');
  const bowl = await fileAt(url + named(page, /src="\/(_astro\/bowl\.[\w-]+\.svg)"/));
  expect([bowl.type, bowl.keep]).toEqual([SVG, FOR_GOOD]);
  const bare = await visit(`${url}recipes/noodles`);
  expect([bare.status, bare.headers.location]).toEqual([308, '/recipes/noodles/']);
  const soup = await visit(`${url}soups/dumplings/`);
  expect([soup.status, soup.headers.location]).toEqual([308, '/recipes/dumplings/']);
  expect((await visit(`${url}recipes/dumplings/`)).headers['x-robots-tag']).toBe('noarchive');
  await missingAt(`${url}recipes/tea`, 'No recipe is kept here');
});

test('SvelteKit with its static adapter: prerendered pages', async () => {
  const { url, log } = await deployed('sveltekit-site');
  expect(log).toMatch(/^Detected: SvelteKit\n(.*\n)*> npm install\n(.*\n)*> npm run build\n/m);
  const page = await pageAt(url);
  expect(page).toContain('<title>Night sky</title>');
  expect(await pageAt(`${url}stars`)).toContain('Altair');
  const telescope = await fileAt(url + named(page, /(_app\/immutable\/assets\/telescope\.[\w-]+\.svg)/));
  expect([telescope.type, telescope.keep]).toEqual([SVG, FOR_GOOD]);
  const start = named(page, /(_app\/immutable\/entry\/start\.[\w-]+\.js)/);
  expect((await fileAt(url + start)).keep).toBe(FOR_GOOD);
  await missingAt(`${url}planets`, '_app/immutable/entry/start.');
});

test('VitePress: pages with clean addresses, fonts and a page for what is missing', async () => {
  const { url, log } = await deployed('vitepress-site');
  expect(log).toMatch(/^Detected: VitePress\n(.*\n)*> npm install\n(.*\n)*> npm run docs:build\n/m);
  const page = await pageAt(url);
  expect(page).toContain('Build a kite');
  expect(await pageAt(`${url}guide/bridle`)).toContain('It decides how steep the kite stands');
  const font = await fileAt(url + named(page, /href="\/(assets\/inter-roman-latin\.[\w-]+\.woff2)"/));
  expect(font.type).toBe('font/woff2');
  await compressedAt(url + named(page, /href="\/(assets\/style\.[\w-]+\.css)"/));
  await missingAt(`${url}guide/tail`, '404');
});

test('Next.js exported, with a lockfile that lacks packages of this machine', async () => {
  const { url, log } = await deployed('next-export');
  expect(log).toMatch(/^Detected: Next\.js\n(.*\n)*> npm ci\n(.*\n)*The lockfile does not fit.*\n> npm install\n/m);
  const page = await pageAt(url);
  expect(page).toContain('Garden book');
  expect(await pageAt(`${url}plants/tomato`)).toContain('in full sun');
  const leaf = await fileAt(url + named(page, /src="\/(_next\/static\/media\/leaf\.[\w-]+\.svg)"/));
  expect([leaf.type, leaf.keep]).toEqual([SVG, FOR_GOOD]);
  const style = url + named(page, /href="\/(_next\/static\/[\w/-]+\.css)"/);
  expect(await fileAt(style)).toMatchObject({ type: 'text/css; charset=utf-8', keep: FOR_GOOD });
  await missingAt(`${url}plants/cactus`, 'Nothing grows here');
});

test('a pnpm workspace, whose site in apps/web imports another package of it', async () => {
  const { url, log } = await deployed('pnpm-workspace-site', { root_directory: 'apps/web' });
  expect(log).toMatch(/^Using pnpm 10\.34\.9\n(.*\n)*> pnpm install --frozen-lockfile\n(.*\n)*> pnpm run build\n/m);
  const page = await pageAt(url);
  expect(page).toContain('<title>Stations</title>');
  expect(await pageAt(`${url}lines/coast`)).toContain('From end to end: 3 hours');
  const style = await fileAt(url + named(page, /href="\/(assets\/index-[\w-]+\.css)"/));
  const rails = await fileAt(url + named(style.body, /url\(\/(assets\/rails-[\w-]+\.svg)\)/));
  expect(rails.type).toBe(SVG);
  await missingAt(`${url}lines/mountain`, 'No train stops here');
});
