import { showId } from '@miaobu/shared/kernel/ids';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { openTestStore, type TestStore } from '../../tests/database/prepare-deployment.ts';
import { type CliUnderTest, cliUnderTest } from './testing/cli-under-test.ts';

let stored: TestStore;
let cli: CliUnderTest;
beforeAll(async () => {
  stored = await openTestStore();
});
beforeEach(async () => {
  cli = await cliUnderTest(stored);
});
afterEach(() => cli.close());
afterAll(() => stored.close());

test('who runs the platform sees what is under which keys, and begins new ones', async () => {
  await stored.store.accounts.makeAdmin(cli.you.user.id);
  const { project } = await cli.project('site');
  const before = await cli.run(['keys', 'status']);
  expect(before).toMatchObject({ exitCode: 0 });
  expect(before.stdout).toContain(stored.sealer.rootKeyId);
  expect(before.stdout).toMatch(/2 data keys in use, .*; 0 retired\.\nNo old key is needed any more\./);
  const rotated = await cli.run(['keys', 'rotate', 'data', '-p', showId('project', project.id), '--json']);
  expect(JSON.parse(rotated.stdout)).toMatchObject({ data_keys: { active: 1, retired: 1 }, settled: false });
  expect((await cli.run(['keys', 'rotate', 'ring'])).stdout).toMatch(
    /^retired .*\n[\s\S]*Old keys are still needed\./m,
  );
});

test('a kind of keys that does not exist is refused before anything is asked', async () => {
  expect(await cli.run(['keys', 'rotate', 'toString'])).toMatchObject({
    exitCode: 2,
    stderr: expect.stringContaining('root, ring and data'),
  });
  expect(cli.requests).toEqual([]);
});

test('to everybody else it is said whose keys they are', async () => {
  for (const args of [['status'], ['rotate', 'root']]) {
    expect(await cli.run(['keys', ...args])).toMatchObject({
      exitCode: 4,
      stderr: expect.stringContaining('Only admins of the platform'),
    });
  }
});
