import { mkdirSync, readdirSync, utimesSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { fileTree } from '../testing/file-tree.ts';
import { startTinyRegistry } from '../testing/tiny-registry.ts';
import { fetchPackage } from './fetch-package.ts';

test('an npm configuration that others put above the work folder has no effect', async () => {
  await using registry = await startTinyRegistry({ tool: { 'tool.js': 'good' } });
  await using evil = await startTinyRegistry({ tool: { 'tool.js': 'evil' } });
  using open = fileTree({ 'package.json': '{}', '.npmrc': `registry=${evil.url}/\n`, 'build/.keep': '' });
  writeFileSync(path.join(open.folder, 'build', 'npmrc'), `registry=${registry.url}/\n`);
  const fetched = await fetchPackage(
    { name: 'tool', wanted: '1.0.0' },
    {
      environment: {
        PATH: process.env.PATH ?? '',
        npm_config_globalconfig: path.join(open.folder, 'build', 'npmrc'),
      },
      workFolder: path.join(open.folder, 'build'),
      kept: undefined,
      signal: new AbortController().signal,
    },
  );
  expect(fetched.version).toBe('1.0.0');
  expect(evil.asked).toEqual([]);
  expect(registry.asked).toContain('/tool/-/tool-1.0.0.tgz');
});

test('of the programs a machine keeps for all builds, the least recently used are removed', async () => {
  await using registry = await startTinyRegistry({ tool: { 'tool.js': 'good' } });
  using place = fileTree();
  const kept = path.join(place.folder, 'kept');
  const at = (hoursAgo: number) => new Date(Date.now() - hoursAgo * 60 * 60_000);
  for (let age = 1; age <= 60; age++) {
    const folder = path.join(kept, `old@${age}.0.0`);
    mkdirSync(folder, { recursive: true });
    utimesSync(folder, at(age + 1), at(1000));
  }
  const fetchInto = async (workFolder: string) => {
    mkdirSync(path.join(place.folder, workFolder));
    const environment = { PATH: process.env.PATH ?? '', npm_config_registry: registry.url };
    const source = { environment, workFolder: path.join(place.folder, workFolder), kept };
    await fetchPackage({ name: 'tool', wanted: '1.0.0' }, { ...source, signal: new AbortController().signal });
  };
  await fetchInto('first');
  expect(readdirSync(kept)).toHaveLength(40);
  expect(readdirSync(kept)).toEqual(expect.arrayContaining(['tool@1.0.0', 'old@1.0.0', 'old@39.0.0']));

  // What is used again is not old any more.
  utimesSync(path.join(kept, 'tool@1.0.0'), at(2000), at(2000));
  mkdirSync(path.join(kept, 'old@100.0.0'));
  await fetchInto('second');
  expect(readdirSync(kept)).toHaveLength(40);
  expect(readdirSync(kept)).toEqual(expect.arrayContaining(['tool@1.0.0', 'old@100.0.0', 'old@38.0.0']));
});
