import { afterAll, beforeAll, expect, test } from 'vitest';
import { archiveOfFiles } from '../testing/archive-of.ts';
import { buildTimes } from '../testing/build-times.ts';
import { debianWheels, isDebian12 } from '../testing/debian-wheels.ts';
import { filesOfFixture } from '../testing/files-of-fixture.ts';
import { publishedServer } from '../testing/published-server.ts';
import { type BundledBuilder, bundledBuilder } from '../testing/run-builder.ts';
import { startPackage } from '../testing/start-package.ts';
import { startWheelIndex } from '../testing/start-wheel-index.ts';
import { startTestPlatform } from '../testing/test-platform.ts';

let builder: BundledBuilder;
const times: string[] = [];
beforeAll(async () => {
  builder = await bundledBuilder();
});
afterAll(async () => {
  await builder.remove();
  console.log(times.join('\n'));
});

interface Options {
  readonly root_directory?: string;
  readonly present?: readonly Buffer[];
  /** Of the machine that builds. */
  readonly environment?: Readonly<Record<string, string>>;
}

/** The package that the builder made of a fixture, once nothing of the build is left; and its log. */
async function published(fixture: string, { root_directory = '', present = [], environment = {} }: Options = {}) {
  await using platform = await startTestPlatform({
    archive: archiveOfFiles(filesOfFixture(fixture)),
    settings: { root_directory },
    limits: { build_seconds: 300 },
    present,
  });
  const run = await builder.run(platform.inputs, { environment });
  const log = platform.log();
  times.push(buildTimes(fixture, log));
  expect(run, log).toMatchObject({ code: 0, leftovers: [] });
  return { log, ...(present.length > 0 ? undefined : publishedServer(platform)) };
}

type Published = Required<Awaited<ReturnType<typeof published>>>;

/** The server's answer to a path, started from its package alone; it ends when asked to. */
async function ask({ manifest, zip }: Partial<Published>, pathname: string): Promise<string> {
  if (!manifest || !zip) throw new Error('there is no package');
  await using server = await startPackage(zip, manifest);
  const answer = await fetch(server.url + pathname);
  const said = `${answer.status} ${await answer.text()}`;
  expect(await server.stop(), server.output()).toBe('SIGTERM');
  return said;
}

/** Packages of these names in the zip, wherever they are. */
const packagesIn = (zip: Buffer | undefined, names: readonly string[]) =>
  names.filter((name) => zip?.includes(`node_modules/${name}/package.json`));

test('Express: without its tools; built again, nothing is uploaded', async () => {
  const built = await published('express-api');
  expect(built.manifest).toMatchObject({ kind: 'node', start: 'node server.js' });
  expect(packagesIn(built.zip, ['express', 'typescript'])).toEqual(['express']);
  expect(await ask(built, '/hello/you')).toBe('200 {"hello":"you"}');
  const again = await published('express-api', { present: built.zip ? [built.zip] : [] });
  expect(again.log).toContain('Uploading 0 of 1 files (1 unchanged)\n');
});

test('Fastify, compiled by TypeScript', async () => {
  const built = await published('fastify-api');
  expect(built.log).toMatch(/^Detected: Fastify, on Node\.js 22\n(.*\n)*> npm run build\n/m);
  expect(built.manifest).toMatchObject({ kind: 'node', start: 'node dist/server.js' });
  expect(packagesIn(built.zip, ['fastify', '@types/node', 'typescript'])).toEqual(['fastify']);
  expect(await ask(built, '/hello/you')).toBe('200 {"hello":"you"}');
});

test('NestJS', async () => {
  const built = await published('nest-api');
  expect(built.log).toMatch(/^Detected: NestJS, on Node\.js 22\n(.*\n)*> npm run build\n/m);
  expect(built.manifest).toMatchObject({ kind: 'node', start: 'node dist/main.js' });
  expect(packagesIn(built.zip, ['@nestjs/core', 'reflect-metadata', 'typescript'])).toEqual([
    ...['@nestjs/core', 'reflect-metadata'],
  ]);
  expect(await ask(built, '/hello/you')).toBe('200 {"hello":"you"}');
});

test('an app in a pnpm workspace that imports another package of it, which has its own dependencies; built again, nothing is uploaded', async () => {
  const root_directory = 'apps/api';
  const built = await published('pnpm-workspace-app', { root_directory });
  expect(built.log).toMatch(/^Using pnpm 10\.34\.9\n(.*\n)*> pnpm install\b/m);
  expect(packagesIn(built.zip, ['koa', '@app/greeting', 'capitalize', 'left-pad'])).toEqual([
    ...['koa', '@app/greeting', 'capitalize'],
  ]);
  expect(await ask(built, '/you')).toBe('200 {"hello":"You"}');
  const again = await published('pnpm-workspace-app', { root_directory, present: built.zip ? [built.zip] : [] });
  expect(again.log).toContain('Uploading 0 of 1 files (1 unchanged)\n');
});

const python = [
  {
    title: 'Flask behind Gunicorn',
    fixture: 'flask-app',
    says: /^Detected: Flask, on Python 3\.\d+\n/m,
    needs: ['flask', 'gunicorn'],
  },
  {
    title: 'FastAPI behind Uvicorn',
    fixture: 'fastapi-app',
    says: /^Detected: FastAPI, on Python 3\.\d+\n/m,
    needs: ['fastapi', 'uvicorn'],
  },
];

for (const { title, fixture, says, needs } of python) {
  test(`${title}, installed by pip from the mirror that the machine names`, async () => {
    await using mirror = (await isDebian12()) ? await startWheelIndex(await debianWheels()) : undefined;
    // No other index: a file on the machine may name one.
    const environment = mirror ? { PIP_INDEX_URL: mirror.url, PIP_CONFIG_FILE: '/dev/null' } : {};
    const built = await published(fixture, { environment });
    expect(built.log).toMatch(says);
    expect(built.manifest?.kind).toBe('python');
    expect(needs.filter((name) => built.zip?.includes(`python_deps/${name}/__init__.py`))).toEqual(needs);
    if (mirror) expect(mirror.asked).toEqual(expect.arrayContaining(needs.map((name) => `/simple/${name}/`)));
    expect(await ask(built, '/hello/you')).toMatch(/^200 \{"hello":"you"\}\s*$/);
  });
}
