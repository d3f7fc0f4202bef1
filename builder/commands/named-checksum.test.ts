import { expect, test } from 'vitest';
import { fileTree } from '../testing/file-tree.ts';
import { namedChecksum } from './named-checksum.ts';

const manifest = (packageManager?: string) => JSON.stringify({ packageManager });

test.each([
  ['a checksum', 'pnpm@9.1.0+sha512.0AB1', { algorithm: 'sha512', hex: '0ab1' }],
  [
    'what can be no checksum, so that nothing is equal to it',
    'pnpm@9.1.0+sha512.zz',
    { algorithm: 'sha512', hex: 'zz' },
  ],
  ['no checksum', 'pnpm@9.1.0', undefined],
  ['the name of a build', 'pnpm@9.1.0+build5', undefined],
])('%s is read from the package.json that names the version, above the project too', async (_, field, expected) => {
  using source = fileTree({ 'package.json': manifest(field), 'app/package.json': manifest() });
  const asked = { command: 'pnpm', version: '9.1.0' };
  expect(await namedChecksum(source.folder, `${source.folder}/app`, asked)).toEqual(expected);
});
