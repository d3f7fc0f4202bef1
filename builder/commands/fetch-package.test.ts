import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { fileTree } from '../testing/file-tree.ts';
import { startTinyRegistry } from '../testing/tiny-registry.ts';
import { fetchPackage } from './fetch-package.ts';

test("a configuration of npm's that others have put above the work folder decides nothing", async () => {
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
