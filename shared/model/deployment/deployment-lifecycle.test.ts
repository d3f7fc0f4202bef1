import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { deploymentStatuses } from '../../contracts/shown-deployment.ts';
import { isFinal, lifecycle, type StoredStatus, shownStatus, sourcesOf } from './deployment-lifecycle.ts';

const statuses = Object.keys(lifecycle) as StoredStatus[];

test('every status is shown as one of the public ones', () => {
  expect(new Set(statuses.map(shownStatus))).toEqual(new Set(deploymentStatuses));
});

test('the database allows exactly these statuses', () => {
  const migration = readFileSync(new URL('../../../migrations/0003_deployments.sql', import.meta.url), 'utf8');
  const check = /status in \(\s*([^)]*)\)\),\s*status_version|check \(status in \(([^)]*)\)\)/.exec(migration);
  const listed = [...(check?.[1] ?? check?.[2] ?? '').matchAll(/'(\w+)'/g)].map(([, name]) => name);
  expect(new Set(listed)).toEqual(new Set(statuses));
});

test('failed, cancelled and purged are final, and nothing else is', () => {
  expect(statuses.filter(isFinal).sort()).toEqual(['cancelled', 'failed', 'purged']);
});

test('every status is reachable from queued', () => {
  const reached = new Set<StoredStatus>(['queued']);
  for (const status of reached) for (const next of Object.keys(lifecycle[status])) reached.add(next as StoredStatus);
  expect(reached).toEqual(new Set(statuses));
});

test('a report of the builder never moves a deployment that is deploying or beyond', () => {
  for (const to of statuses) {
    for (const from of sourcesOf(to, 'build-callback'))
      expect(['queued', 'cloning', 'building', 'uploading']).toContain(from);
  }
});
