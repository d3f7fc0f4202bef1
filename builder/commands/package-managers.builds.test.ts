import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { chmod } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { archiveOfFiles } from '../testing/archive-of.ts';
import { type BundledBuilder, bundledBuilder } from '../testing/run-builder.ts';
import { startTestPlatform } from '../testing/test-platform.ts';

let builder: BundledBuilder;
let folder: string;
beforeAll(async () => {
  builder = await bundledBuilder();
  folder = mkdtempSync(path.join(tmpdir(), 'managers-'));
  await chmod(folder, 0o711);
});
afterAll(async () => {
  await builder.remove();
  rmSync(folder, { recursive: true, force: true });
});

const { SSL_CERT_FILE } = process.env;

const BUILD = `const { mkdirSync, writeFileSync } = require('node:fs');
  console.log('agent: ' + process.env.npm_config_user_agent);
  mkdirSync('dist');
  writeFileSync('dist/index.html', String(require('ms')('2 days')));`;

async function build(own: Readonly<Record<string, unknown>>, files: Readonly<Record<string, string>>, scope: string) {
  await using platform = await startTestPlatform({
    archive: archiveOfFiles({
      'package.json': JSON.stringify({
        ...{ name: 'site', version: '1.0.0', scripts: { build: 'node build.cjs' }, dependencies: { ms: '2.1.3' } },
        ...own,
      }),
      'build.cjs': BUILD,
      ...files,
    }),
    cacheScope: scope,
    limits: { build_seconds: 150 },
  });
  const { code, leftovers } = await builder.run(platform.inputs, {
    // Where a company's proxy intercepts TLS, its certificate is needed.
    environment: { MIAOBU_CACHE: folder, ...(SSL_CERT_FILE ? { SSL_CERT_FILE } : {}) },
  });
  const page = code === 0 ? platform.objects.get(platform.manifest().files[0]?.sha256 ?? '')?.toString() : undefined;
  return { code, leftovers, page, log: platform.log(), report: platform.reports.at(-1) };
}

const INTEGRITY = 'sha512-6FlzubTLZG3J2a/NVCAleEhjzq5oxgHyaCU9yYXvcLsvoVaHJq/s5xXI6/XXP6tz7R9xAOtHnSO/tXtF3WRTlA==';
const PNPM_LOCKFILE = `lockfileVersion: '9.0'

settings:
  autoInstallPeers: true
  excludeLinksFromLockfile: false

importers:

  .:
    dependencies:
      ms:
        specifier: 2.1.3
        version: 2.1.3

packages:

  ms@2.1.3:
    resolution: {integrity: ${INTEGRITY}}

snapshots:

  ms@2.1.3: {}
`;
interface Project {
  readonly manager: string;
  readonly files?: Readonly<Record<string, string>>;
  readonly says: RegExp;
  readonly agent: RegExp;
  readonly store: string;
}

const projects: readonly Project[] = [
  {
    manager: 'pnpm@9.1.0',
    files: { 'pnpm-lock.yaml': PNPM_LOCKFILE },
    says: /^Using pnpm 9\.1\.0\n(.*\n)*> pnpm install --frozen-lockfile\n/m,
    agent: /pnpm\/9\.1\.0 /,
    store: 'pnpm',
  },
  {
    manager: 'yarn@1.22.19',
    says: /^Using yarn 1\.22\.19\n(.*\n)*> yarn install --non-interactive\n/m,
    agent: /yarn\/1\.22\.19 /,
    store: 'yarn',
  },
  {
    manager: 'yarn@4.5.0',
    files: { '.yarnrc.yml': 'nodeLinker: node-modules\n' },
    says: /^Using yarn 4\.5\.0\n(.*\n)*> yarn install --no-immutable\n/m,
    agent: /yarn\/4\.5\.0 /,
    store: 'yarn-berry',
  },
  {
    manager: 'bun@1.4.5',
    says: /^Using bun 1\.4\.5\n(.*\n)*> bun install\n/im,
    agent: /bun\/1\.4\.5 /,
    store: 'bun',
  },
  {
    manager: 'npm@9.9.4',
    says: /^Using npm 9\.9\.4\n(.*\n)*> npm install\n/m,
    agent: /npm\/9\.9\.4 /,
    store: 'npm',
  },
];

for (const { manager, files = {}, says, agent, store } of projects) {
  test(`${manager} installs and builds in this very version, and again from what it kept`, async () => {
    const scope = `env_${manager.replace(/[^a-z0-9]/g, '_')}`;
    const first = await build({ packageManager: manager }, files, scope);
    expect(first, first.log).toMatchObject({ code: 0, leftovers: [], page: '172800000' });
    expect(first.log).toMatch(says);
    expect(first.log).toMatch(agent);
    expect(first.log).toMatch(new RegExp(`^Saved the ${store} cache \\(`, 'm'));
    const second = await build({ packageManager: manager }, files, scope);
    expect(second, second.log).toMatchObject({ code: 0, leftovers: [], page: '172800000' });
    expect(second.log).toMatch(new RegExp(`^Restored the ${store} cache \\(`, 'm'));
    expect(second.log).not.toMatch(/^Saved the|trying again/m);
  }, 180_000);
}

test('a project that names no version gets the pnpm that wrote its lockfile', async () => {
  const old =
    PNPM_LOCKFILE.replace("'9.0'", "'6.0'")
      .replace('ms@2.1.3:\n    res', '/ms@2.1.3:\n    res')
      .split('snapshots:')[0] ?? '';
  const built = await build({}, { 'pnpm-lock.yaml': old }, 'env_old_pnpm');
  expect(built, built.log).toMatchObject({ code: 0, page: '172800000' });
  expect(built.log).toMatch(/^Using pnpm 8\.\d+\.\d+\n(.*\n)*> pnpm install --frozen-lockfile\n/m);
}, 120_000);

test('a package manager whose checksum differs from the one in package.json is not run', async () => {
  const wrong = createHash('sha512').update('another').digest('hex');
  const refused = await build({ packageManager: `pnpm@9.1.0+sha512.${wrong}` }, {}, 'env_wrong');
  expect(refused.report).toMatchObject({ code: 'install_failed', message: expect.stringContaining('its sha512 is ') });
  expect(refused.log).not.toContain('> pnpm');
  const report = refused.report?.kind === 'failed' ? refused.report.message : '';
  const right = /its sha512 is ([0-9a-f]{128})/.exec(report)?.[1];
  const built = await build({ packageManager: `pnpm@9.1.0+sha512.${right}` }, {}, 'env_right');
  expect(built, built.log).toMatchObject({ code: 0, page: '172800000' });
}, 120_000);
