import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { chmod } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { archiveOfFiles } from '../testing/archive-of.ts';
import { type BundledBuilder, bundledBuilder } from '../testing/run-builder.ts';
import { startTestPlatform } from '../testing/test-platform.ts';

let builder: BundledBuilder;
beforeAll(async () => {
  builder = await bundledBuilder();
});
afterAll(() => builder.remove());

let folder: string;
beforeEach(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'asked-node-'));
  await chmod(folder, 0o755);
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** A project that names the Node.js version it is built with. */
const project = {
  'package.json': JSON.stringify({ scripts: { build: 'node build.cjs' }, engines: { node: '20.x' } }),
  'build.cjs': `console.log('built with ' + process.version + ', npm ' + process.env.npm_config_user_agent);
    const { mkdirSync, writeFileSync } = require('node:fs');
    mkdirSync('dist');
    writeFileSync('dist/index.html', process.version);`,
};

async function build(environment: Readonly<Record<string, string>>, nodeVersion: string | null = null) {
  await using platform = await startTestPlatform({
    archive: archiveOfFiles(project),
    settings: { node_version: nodeVersion },
  });
  const { code, leftovers } = await builder.run(platform.inputs, { environment });
  return { code, leftovers, log: platform.log() };
}

const UNREACHABLE = { npm_config_registry: 'http://127.0.0.1:9' };

test('a project that asks for Node.js 20 is built with it, and npm runs on it; it is fetched once for all builds', async () => {
  expect(process.version).not.toMatch(/^v20\./);
  const cache = path.join(folder, 'cache');
  const first = await build({ MIAOBU_CACHE: cache });
  expect(first, first.log).toMatchObject({ code: 0, leftovers: [] });
  expect(first.log).toMatch(/^Using Node\.js v20\.\d+\.\d+: the project asks for 20\.x$/m);
  expect(first.log).toMatch(/^built with v20\.\d+\.\d+, npm npm\/\d+\.\d+\.\d+ node\/v20\./m);
  expect(readdirSync(path.join(cache, '.programs'))).toContainEqual(
    expect.stringMatching(/^node-[\w-]+@20\.\d+\.\d+$/),
  );

  // What is kept is enough.
  const second = await build({ ...UNREACHABLE, MIAOBU_CACHE: cache });
  expect(second, second.log).toMatchObject({ code: 0, leftovers: [] });
  expect(second.log).toMatch(/^built with v20\./m);
}, 90_000);

test("a setting wins over the project's files, and an unavailable version is logged and not required", async () => {
  const built = await build(UNREACHABLE, '18');
  expect(built, built.log).toMatchObject({ code: 0, leftovers: [] });
  expect(built.log).toMatch(/^Note: the project asks for Node\.js 18, which cannot be had \(.+\); building with v/m);
  expect(built.log).toContain(`built with ${process.version}`);
}, 60_000);

test('a version that the machine keeps is used before one is fetched', async () => {
  const tools = path.join(folder, 'tools');
  for (const version of ['20.1.0', '20.99.0', '22.0.0']) {
    const home = path.join(tools, 'node', version, process.arch);
    mkdirSync(path.join(home, 'bin'), { recursive: true });
    // It reports its version, and is otherwise the test's own Node.
    const program = `#!/bin/sh\n[ "$1" = --version ] && echo v${version} && exit\necho "node ${version} runs"\nexec '${folder}/node' "$@"\n`;
    writeFileSync(path.join(home, 'bin', 'node'), program, { mode: 0o755 });
  }
  cpSync(process.execPath, path.join(folder, 'node'));
  const built = await build({ ...UNREACHABLE, RUNNER_TOOL_CACHE: tools });
  expect(built, built.log).toMatchObject({ code: 0 });
  // Of this npm's own engines it is not known whether they take what does not exist, so the note may follow.
  expect(built.log).toContain('Using Node.js v20.99.0: the project asks for 20.x\n');
}, 60_000);
