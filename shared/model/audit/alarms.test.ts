import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { adviceOn, alarms } from './alarms.ts';

const page = readFileSync(path.resolve(import.meta.dirname, '../../../docs/alarms.md'), 'utf8');

test('docs/alarms.md explains every alarm, and gives the advice that is sent with it', () => {
  const rows = [...page.matchAll(/^\| `([a-z.]+)` \|.*\| ([^|]+) \|$/gm)].map(([, alarm, advice]) => [alarm, advice]);
  expect(rows).toEqual(Object.entries(alarms));
});

test('what is no alarm has no advice', () => {
  expect([adviceOn('edge.diverged'), adviceOn('project.updated'), adviceOn('toString')]).toEqual([
    alarms['edge.diverged'],
    undefined,
    undefined,
  ]);
});
