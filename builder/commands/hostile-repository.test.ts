import { randomBytes } from 'node:crypto';
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import * as z from 'zod';
import { PATIENCE } from '../../tests/patience.ts';
import { archiveOfFiles } from '../testing/archive-of.ts';
import { type BundledBuilder, bundledBuilder, type RunOptions } from '../testing/run-builder.ts';
import { startTestPlatform, type TestPlatform } from '../testing/test-platform.ts';

const onLinux = process.platform === 'linux';
const hasOwnUsers = onLinux && process.getuid?.() === 0;
/** Any user but root: `nobody` on most systems. */
const ORDINARY_USER = 65_534;

const fixture = (name: string) => readFile(path.join(import.meta.dirname, '../fixtures/hostile-repository', name));
const random = (name: string) => `${name}-${randomBytes(18).toString('hex')}`;

let builder: BundledBuilder;
beforeAll(async () => {
  builder = await bundledBuilder();
}, 60_000);
afterAll(() => builder.remove());

const sent = z.object({ loot: z.string(), answers: z.array(z.string()) });

/** Where a hostile build sends what it finds; and what a build that is attacked waits for. */
async function startCollector() {
  const phases = new Map<string, z.output<typeof sent>>();
  const collector = { released: false, phases, url: '' };
  const server = createServer(async (incoming, outgoing) => {
    const body = Buffer.concat(await incoming.toArray());
    if (incoming.method === 'POST') phases.set(incoming.url?.slice(1) ?? '', sent.parse(JSON.parse(body.toString())));
    outgoing.writeHead(incoming.method === 'POST' || collector.released ? 200 : 404).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  collector.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    ...collector,
    release() {
      collector.released = true;
    },
    [Symbol.asyncDispose]: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** A home folder for the runner, full of credentials as home folders are. */
async function homeWithCredentials() {
  const folder = await mkdtemp(path.join(tmpdir(), 'runner-home-'));
  const secret = random('home');
  for (const name of ['.npmrc', '.gitconfig', '.netrc', '.ssh/id_ed25519', '.docker/config.json', '.aws/credentials']) {
    await mkdir(path.dirname(path.join(folder, name)), { recursive: true });
    await writeFile(path.join(folder, name), name === '.gitconfig' ? `[user]\n\tname = ${secret}\n` : secret, {
      mode: 0o600,
    });
  }
  await chmod(folder, 0o711);
  return { folder, secret, [Symbol.asyncDispose]: () => rm(folder, { recursive: true }) };
}

const HOLD = `const hold = async () => {
    console.log('holding in ' + require('node:path').dirname(process.env.HOME));
    while ((await fetch(process.env.COLLECTOR)).status !== 200) await new Promise((done) => setTimeout(done, 50));
  };
  hold();`;

/**
 * Three concurrent builds on one machine: one that runs its commands, one that publishes, and the hostile one, which attacks during
 * install and build. Returns what it obtained.
 */
async function attack(options: RunOptions) {
  await using collector = await startCollector();
  await using home = await homeWithCredentials();
  const victim = { variable: random('variable'), source: random('source'), store: random('store') };
  const environment = { HOME: home.folder, OPERATOR_SECRET: random('operator'), ...options.environment };
  const run = (platform: TestPlatform) => builder.run(platform.inputs, { ...options, environment });

  await using building = await startTestPlatform({
    archive: archiveOfFiles({ 'hold.cjs': HOLD, 'secret.txt': victim.source }),
    settings: { build_command: 'node hold.cjs && mkdir -p dist && echo hello > dist/index.html' },
    environment: { COLLECTOR: collector.url, VICTIM_VARIABLE: victim.variable },
    // It lasts as long as the attack.
    limits: { build_seconds: 200 },
  });
  let released = false;
  await using publishing = await startTestPlatform({
    archive: archiveOfFiles({ 'index.html': 'hello' }),
    intercept: ({ path: asked, headers }) =>
      asked.endsWith('/manifest') && headers['x-attack'] === undefined && !released ? { status: 503 } : undefined,
  });
  const built = run(building);
  const published = run(publishing);
  const place = await vi.waitUntil(() => /holding in (\S+)/.exec(building.log())?.[1], PATIENCE);
  await vi.waitUntil(() => publishing.requests.some((it) => it.path.endsWith('/manifest')), PATIENCE);

  const own: TestPlatform = await startTestPlatform({
    archive: archiveOfFiles({
      'package.json': await fixture('package.json'),
      'attack.cjs': await fixture('attack.cjs'),
    }),
    settings: {
      install_command: 'npm install --offline',
      build_command: 'npm run build',
      output_directory: 'dist',
    },
    environment: {
      EXFIL: collector.url,
      VICTIM: place,
      HOME_OF_RUNNER: home.folder,
      TARGETS: JSON.stringify(
        [building, publishing].map((it) => `${it.inputs.callback_url}/builds/v1/dep_test/attempts/1`),
      ),
    },
  });
  await using _own = own;
  const hostile = await run(own);
  const before = [building, publishing].map((it) => ({ reports: [...it.reports], chunks: [...it.chunks] }));
  released = true;
  collector.release();
  const others = await Promise.all([built, published]);
  const secrets = {
    ...Object.fromEntries(
      Object.entries({ building, publishing, own }).flatMap(([name, it]) =>
        Object.entries(it.secrets).map(([key, value]) => [`${key} of ${name}`, value]),
      ),
    ),
    'a variable of another tenant': victim.variable,
    'a file of another tenant': victim.source,
    'the home of the runner': home.secret,
    'the environment of the runner': environment.OPERATOR_SECRET,
  };
  const phases = [...collector.phases.values()];
  return {
    hostile,
    others,
    before,
    own,
    phases,
    answers: phases.flatMap((it) => it.answers),
    loot: phases.map((it) => it.loot).join('\n') + own.log(),
    found: Object.entries(secrets)
      .filter(([, secret]) => phases.some(({ loot }) => loot.includes(secret)) || own.log().includes(secret))
      .map(([name]) => name),
  };
}

test.runIf(hasOwnUsers)(
  'a hostile repository finds nothing of the platform, of the runner or of another tenant, and can do nothing with what it has',
  async () => {
    const { hostile, others, before, phases, answers, loot, found } = await attack({});
    expect(hostile.code).toBe(0);
    expect(phases).toHaveLength(2);
    // It did look: at the runners, at the other build, and at itself.
    expect(loot.match(/builder\.cjs/g)?.length).toBeGreaterThanOrEqual(3);
    expect(loot).toContain('node\0hold.cjs');
    expect(loot).toContain('"EXFIL":');
    expect(found).toEqual([]);

    expect(answers.length).toBeGreaterThanOrEqual(64);
    expect([...new Set(answers.map((answer) => answer.split(' ').at(-1)))].sort()).toEqual(['401', '403', '404']);
    for (const { reports, chunks } of before) expect(JSON.stringify([reports, chunks])).not.toContain('HOSTILE');
    for (const other of others) expect(other).toMatchObject({ code: 0, leftovers: [] });
  },
  240_000,
);

// Shows that the attack would find something if it were there, and that the documents are right about such runners.
test.runIf(hasOwnUsers)(
  'where builds run as the runner’s own user they can read each other’s files and variables',
  async () => {
    const { hostile, found } = await attack({ user: ORDINARY_USER });
    expect(hostile.code).toBe(0);
    expect(found).toEqual(expect.arrayContaining(['a variable of another tenant', 'a file of another tenant']));
  },
  240_000,
);
