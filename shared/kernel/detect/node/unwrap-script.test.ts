import { expect, test } from 'vitest';
import { unwrapScript } from './unwrap-script.ts';

const unwrap = (scripts: Record<string, string>, built?: string) => unwrapScript(scripts, 'start', built)?.command;

test.each([
  ['node server.js', 'node server.js'],
  ['NODE_ENV=production node server.js', 'NODE_ENV=production node server.js'],
  ["cross-env A=1 B='two words' node server.js", "A=1 B='two words' node server.js"],
  ['npx -y tsx server.ts', 'tsx server.ts'],
  ['yarn next start', 'next start'],
  ['pnpm exec next start', 'next start'],
  ['npm install && node server.js', 'node server.js'],
  ['node -e "a && b"', 'node -e "a && b"'],
  ['yarn install --frozen-lockfile && node a.js', 'node a.js'],
])('%s is %s', (start, command) => {
  expect(unwrap({ start })).toBe(command);
});

test('each package manager’s way to run a script is followed, with what precedes and follows it', () => {
  const serve = 'node server.js';
  for (const start of [
    'npm run serve',
    'npm run -s serve',
    'pnpm serve',
    'pnpm run serve',
    'yarn serve',
    'bun run serve',
  ]) {
    expect(unwrap({ start, serve })).toBe('node server.js');
  }
  expect(unwrap({ start: 'PORT=1 npm run serve -- --quiet', serve })).toBe('PORT=1 node server.js --quiet');
  expect(unwrap({ start: 'yarn run server:prod', 'server:prod': 'node a.js' })).toBe('node a.js');
});

test('what has been built is not built again, and what was not is', () => {
  const scripts = { start: 'npm run build && node dist/a.js', build: 'tsc' };
  expect(unwrap(scripts, 'build')).toBe('node dist/a.js');
  expect(unwrap(scripts)).toBe('tsc && node dist/a.js');
  expect(unwrap({ prestart: 'tsc', start: 'node a.js', build: 'tsc' }, 'build')).toBe('node a.js');
  expect(unwrap({ prestart: 'node migrate.js', start: 'node a.js' })).toBe('node migrate.js && node a.js');
});

test('scripts of other packages of a workspace are left unchanged', () => {
  for (const start of [
    'npm run serve -w api',
    'pnpm --filter api serve',
    'yarn workspace api serve',
    'npm --prefix api start',
  ]) {
    expect(unwrap({ start, serve: 'node server.js' })).toBe(start);
  }
});

test('scripts that run each other do not loop', () => {
  expect(unwrap({ start: 'npm run a', a: 'npm run b', b: 'npm run a' })).toBe('npm run a');
  expect(unwrapScript({}, 'start', undefined)).toBeUndefined();
});

test('a script too long to be handwritten is not parsed', () => {
  expect(unwrap({ start: `node ${'a'.repeat(4_000)}.js` })).toBeUndefined();
  expect(unwrap({ start: 'npm run long', long: 'x'.repeat(4_001) })).toBe('npm run long');
});
