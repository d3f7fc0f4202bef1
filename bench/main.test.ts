import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { expect, test } from 'vitest';
import { suites } from './suites.ts';

const bench = (...args: string[]) =>
  spawnSync(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', path.join(import.meta.dirname, 'main.ts'), ...args],
    {
      encoding: 'utf8',
    },
  );

test('--list names every suite and measures nothing', () => {
  const { status, stdout } = bench('--list');
  expect(status).toBe(0);
  const listed = [...stdout.matchAll(/^ {2}(\S+)/gm)].map(([, name]) => name);
  expect(listed).toEqual(suites.map(({ name }) => name));
  expect(new Set(listed).size).toBe(listed.length);
});

test.each([['no-such-suite'], ['--no-such-option']])('%s is refused before anything is measured', (wrong) => {
  const { status, stdout, stderr } = bench('push', wrong);
  expect([status, stdout]).toEqual([2, '']);
  expect(stderr).toContain(wrong);
});
