import { readdirSync } from 'node:fs';
import path from 'node:path';
import { unzipSync } from 'fflate';
import { expect, test } from 'vitest';
import { repositoryRoot } from '../../layers/emit-settings.ts';
import { bundleFunctions } from './bundle-functions.ts';
import { refuseForeignCode } from './refuse-foreign-code.ts';

const namesIn = (zip: Buffer | undefined) => Object.keys(unzipSync(zip ?? Buffer.alloc(0)));
const textIn = (zip: Buffer, name: string) => Buffer.from(unzipSync(zip)[name] ?? []).toString();

test('a package is CommonJS of the function itself, without anything that comes from the layer', async () => {
  const { zips, imports } = await bundleFunctions();
  expect([...zips.keys()]).toContain('webhook');
  for (const [folder, zip] of zips) {
    expect(textIn(zip, 'package.json'), folder).toBe('{"type":"commonjs"}');
    const code = textIn(zip, 'index.js');
    expect(code, folder).toContain('require("@miaobu/shared/');
    // The bundler writes the path of every included file above its code.
    const sources = [...code.matchAll(/^\/\/ (\S+\.ts)$/gm)].map(([, file]) => file);
    expect(sources, folder).toContain(`functions/${folder}/handler.ts`);
    expect(sources.filter((file) => !file?.startsWith(`functions/${folder}/`))).toEqual([]);
  }
  expect([...imports.keys()].filter((specifier) => specifier.startsWith('.'))).toEqual([]);
});

test('migrate contains every migration, and no other function does', async () => {
  const { zips } = await bundleFunctions();
  const migrations = readdirSync(path.join(repositoryRoot, 'migrations')).filter((name) => /^\d/.test(name));
  const expected = ['index.js', ...migrations.map((name) => `migrations/${name}`), 'package.json'];
  expect(namesIn(zips.get('migrate'))).toEqual(expected);
  expect(namesIn(zips.get('webhook'))).toEqual(['index.js', 'package.json']);
});

test('the same code is the same package, so that a release uploads nothing twice', async () => {
  const [one, two] = await Promise.all([bundleFunctions(), bundleFunctions()]);
  for (const [folder, zip] of one.zips) expect(two.zips.get(folder)?.equals(zip), folder).toBe(true);
});

test('code of the local cloud in a bundle fails the release, naming the importer', () => {
  const file = (imports: string[]) => ({
    bytes: 1,
    imports: imports.map((path) => ({ path, kind: 'import-statement' as const })),
  });
  const clean = { 'functions/api/handler.ts': file(['functions/api/list.ts']), 'functions/api/list.ts': file([]) };
  expect(() => refuseForeignCode({ inputs: clean })).not.toThrow();
  const inputs = { 'functions/api/handler.ts': file(['local/wire/acs3.ts']), 'local/wire/acs3.ts': file([]) };
  expect(() => refuseForeignCode({ inputs })).toThrow(
    'functions/api/handler.ts takes local/wire/acs3.ts into its bundle',
  );
});
