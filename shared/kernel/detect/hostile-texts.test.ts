import { expect, test } from 'vitest';
import { detectBuild, NOTHING_DECIDED } from './detect-build.ts';

const MEGABYTE = 1_000_000;
const packageFile = (build: string, ...dependencies: string[]) =>
  JSON.stringify({
    scripts: { build, start: build },
    dependencies: Object.fromEntries(dependencies.map((it) => [it, '1'])),
  });

/** Each would keep a backtracking expression busy for minutes: longer than a test may take. */
const hostile: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'an app followed by a megabyte of lines': { 'requirements.txt': 'flask', 'app.py': `app${'\n'.repeat(MEGABYTE)}` },
  'an app followed by a megabyte of spaces': { 'requirements.txt': 'flask', 'app.py': `app${' '.repeat(MEGABYTE)}` },
  'requirements of brackets': { 'requirements.txt': 'a['.repeat(MEGABYTE / 2), 'app.py': '' },
  'a version of signs': { 'requirements.txt': 'flask', '.python-version': '>='.repeat(MEGABYTE / 2) },
  'a script of ampersands': { 'package.json': packageFile(`"${'&'.repeat(MEGABYTE)}`, 'express') },
  'a script of options': { 'package.json': packageFile('vite build '.repeat(MEGABYTE / 20), 'vite', 'vitepress') },
  'quotes without an end': { 'package.json': packageFile('x', 'vite'), 'vite.config.ts': `"${'\\"'.repeat(30_000)}` },
  'comments without an end': { 'package.json': packageFile('x', 'vite'), 'vite.config.ts': '/*'.repeat(30_000) },
  'a server that is all but one': { 'server.js': `.listen${' '.repeat(MEGABYTE)}` },
  'a Procfile without a command': { 'requirements.txt': 'flask', Procfile: `web:${'\n'.repeat(MEGABYTE)}` },
};

test.each(Object.entries(hostile))('%s does not slow the detection down', async (_, files) => {
  const detected = await detectBuild(
    { has: (name) => name in files, readText: async (name) => files[name] },
    '',
    NOTHING_DECIDED,
  );
  expect(detected.reasons.length).toBeGreaterThan(0);
});
