import { afterAll, beforeAll, expect, test } from 'vitest';
import { archiveOfFiles } from '../testing/archive-of.ts';
import { type BundledBuilder, bundledBuilder } from '../testing/run-builder.ts';
import { startTestPlatform } from '../testing/test-platform.ts';

let builder: BundledBuilder;
beforeAll(async () => {
  builder = await bundledBuilder();
}, 60_000);
afterAll(() => builder.remove());

/** What is asked for, without what differs between two requests for the same. */
const kindOf = (path: string) =>
  path
    .replace(/\?.*$/, '')
    .replace(/[0-9a-f]{64}/, '{sha256}')
    .split('/')
    .slice(-2)
    .join('/');

test.each([
  ['is restarted', 503],
  ['asks for patience', 429],
  ['is behind a gateway that does not reach it', 502],
])(
  'a build whose platform %s, whatever is asked of it, goes on as if nothing had been',
  async (_, status) => {
    const refused = new Map<string, number>();
    await using platform = await startTestPlatform({
      archive: archiveOfFiles({ 'readme.md': 'a project' }),
      settings: { build_command: 'mkdir dist && echo hello > dist/index.html && echo built' },
      intercept({ path }) {
        const kind = kindOf(path);
        const times = refused.get(kind) ?? 0;
        if (times === 2) return undefined;
        refused.set(kind, times + 1);
        return { status };
      },
    });
    expect(await builder.run(platform.inputs)).toMatchObject({ code: 0, leftovers: [] });
    // Each step was refused: redeeming, source, reports, the right to publish, links, contents, the list of files.
    expect(refused.size).toBeGreaterThanOrEqual(8);
    expect([...refused.values()]).toEqual([...refused.values()].map(() => 2));
    expect(platform.manifest().files).toHaveLength(1);
    expect(platform.log()).toContain('built\n');
    expect(platform.reports.map(({ kind }) => kind).filter((kind) => kind !== 'heartbeat')).toEqual([
      'building',
      'uploaded',
    ]);
  },
  60_000,
);

test('a build goes on when Function Compute could not start the instance that was to answer', async () => {
  const refused = new Set<string>();
  await using platform = await startTestPlatform({
    archive: archiveOfFiles({ 'index.html': 'hello' }),
    intercept({ path }) {
      const kind = kindOf(path);
      if (!path.includes('/attempts/') || refused.has(kind)) return undefined;
      refused.add(kind);
      return { status: 412 };
    },
  });
  expect((await builder.run(platform.inputs)).code).toBe(0);
  expect(refused).toContain('1/redeem');
  expect(refused).toContain('1/publication');
  expect(platform.manifest().files).toHaveLength(1);
});

test('what the platform refuses is not asked again', async () => {
  await using platform = await startTestPlatform({
    archive: archiveOfFiles({ 'index.html': 'hello' }),
    intercept: ({ path }) => (path.endsWith('/publication') ? { status: 403 } : undefined),
  });
  expect((await builder.run(platform.inputs)).code).toBe(1);
  expect(platform.requests.filter(({ path }) => path.endsWith('/publication'))).toHaveLength(1);
});

test('a piece of the log that is answered with the end of the attempt ends the build at once, without a report', async () => {
  await using platform = await startTestPlatform({
    archive: archiveOfFiles({ 'readme.md': 'a project' }),
    settings: { build_command: 'echo started; sleep 600' },
    intercept: ({ path, body }) =>
      path.includes('/logs/') && body.includes('started')
        ? { status: 409, json: { error: { code: 'attempt_closed', message: 'over' }, request_id: 'r' } }
        : undefined,
  });
  expect(await builder.run(platform.inputs)).toMatchObject({ code: 0, leftovers: [] });
  expect(platform.reports.some(({ kind }) => kind === 'failed' || kind === 'uploaded')).toBe(false);
}, 60_000);
