import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import {
  dispatchAttempt,
  openTestStore,
  prepareSite,
  queueTestDeployment,
  type Site,
  type TestStore,
} from '../../../tests/database/prepare-deployment.ts';
import { sql } from '../../db/sql.ts';
import { queueDeployment } from './queue-deployment.ts';

let stored: TestStore;
let site: Site;

beforeAll(async () => {
  stored = await openTestStore();
});
beforeEach(async () => {
  await stored.empty();
  site = await prepareSite(stored, { variables: [{ key: 'A', value: '1', scope: 'build' }] });
});
afterAll(() => stored.close());

const status = async (id: string) => {
  const { status, reason } = await stored.deployment(id);
  return reason === null ? status : `${status}, ${reason}`;
};

test('a deployment is queued with its sequence number and the message that starts its build', async () => {
  const ids = [await queueTestDeployment(stored, site), await queueTestDeployment(stored, site)].map(({ id }) => id);
  expect((await Promise.all(ids.map((id) => stored.deployment(id)))).map(({ seq }) => seq)).toEqual([1, 2]);
  expect(await stored.messages('build.start')).toMatchObject([{ state: 'pending' }, { state: 'pending' }]);
  expect((await stored.environment(site.environment.id)).nextSeq).toBe(3);
});

test('it keeps the settings and variables of the moment it was queued, variables still sealed', async () => {
  const { id } = await queueTestDeployment(stored, site);
  await stored.db.query(sql`update projects set root_directory = 'later', build_command = 'other'`);
  await stored.db.query(sql`delete from environment_variables`);
  const { settings, variables } = await stored.deployment(id);
  expect(settings).toMatchObject({ root_directory: '', build_command: null });
  expect(variables).toEqual([
    { key: 'A', scope: 'build', environment: 'production', isSecret: true, sealed: expect.stringMatching(/^v2\./) },
  ]);
});

test('older ones that no run has taken are cancelled; running builds continue', async () => {
  const built = await queueTestDeployment(stored, site);
  const dispatched = await dispatchAttempt(stored, built.id);
  await stored.store.deployments.move(dispatched.deploymentId, {
    to: 'cloning',
    by: 'build-callback',
    requestId: 'test',
  });
  const waiting = await queueTestDeployment(stored, site);
  const newest = await queueTestDeployment(stored, site);
  expect(await Promise.all([built, waiting, newest].map(({ id }) => status(id)))).toEqual([
    'cloning',
    'cancelled, superseded',
    'queued',
  ]);
});

test('deployments of another environment are left alone', async () => {
  const other = await queueTestDeployment(stored, await prepareSite(stored, { slug: 'shop' }));
  await queueTestDeployment(stored, site);
  expect(await status(other.id)).toBe('queued');
});

test('concurrent pushes get distinct sequence numbers, and the last one wins', async () => {
  const queued = await Promise.all(Array.from({ length: 6 }, () => queueTestDeployment(stored, site)));
  expect(queued.map(({ seq }) => seq).sort()).toEqual([1, 2, 3, 4, 5, 6]);
  for (const { id, seq } of queued) expect(await status(id)).toBe(seq === 6 ? 'queued' : 'cancelled, superseded');
});

test('a repeated request is refused as a whole: no sequence number is used up, nothing is cancelled', async () => {
  const first = await queueTestDeployment(stored, site, 'a'.repeat(40));
  await expect(queueTestDeployment(stored, site, 'a'.repeat(40))).rejects.toThrow(/dedupe_key/);
  expect(await status(first.id)).toBe('queued');
  expect((await stored.environment(site.environment.id)).nextSeq).toBe(2);
});

test('a long commit message is cut to what a list shows', async () => {
  const deployment = await stored.store.transaction(async (repositories) =>
    queueDeployment(repositories, 'webhook', {
      project: site.project,
      environment: await repositories.environments.lock(site.environment.id),
      commit: { sha: 'b'.repeat(40), message: '长'.repeat(5000), author: null },
      trigger: 'push',
      dedupeKey: 'long',
      requestId: 'test',
    }),
  );
  expect(deployment).toMatchObject({ commitMessage: '长'.repeat(1000), commitAuthor: null });
});
