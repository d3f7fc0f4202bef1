import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import {
  openTestStore,
  prepareSite,
  queueTestDeployment,
  type TestStore,
} from '../../../tests/database/prepare-deployment.ts';
import { sql } from '../../db/sql.ts';

const HOST = 'blog.sites.localhost';
let stored: TestStore;
let deploymentId: string;

beforeAll(async () => {
  stored = await openTestStore();
});
beforeEach(async () => {
  await stored.empty();
  deploymentId = (await queueTestDeployment(stored, await prepareSite(stored, { hostnames: [HOST] }))).id;
});
afterAll(() => stored.close());

const acknowledge = (fence: number) =>
  stored.store.routes.acknowledge(HOST, { version: 2, generation: 1, deploymentId, digest: Buffer.alloc(32), fence });
const exposed = () => stored.db.query(sql`select deployment_id, fence from route_exposures where hostname = ${HOST}`);

test('a smaller fencing token can neither take a route over nor acknowledge it', async () => {
  expect(await stored.store.routes.takeOver(HOST, 7)).toBe(true);
  expect(await stored.store.routes.takeOver(HOST, 6)).toBe(false);
  expect(await acknowledge(6)).toBe(false);
  expect(await stored.store.routes.find(HOST)).toMatchObject({ publishedVersion: 0, lastFence: 7 });
  expect(await acknowledge(7)).toBe(true);
  expect(await stored.store.routes.find(HOST)).toMatchObject({
    publishedVersion: 2,
    publishedDeploymentId: deploymentId,
  });
});

test('a larger fencing token takes the route over', async () => {
  await stored.store.routes.takeOver(HOST, 7);
  expect(await stored.store.routes.takeOver(HOST, 8)).toBe(true);
  expect(await acknowledge(7)).toBe(false);
});

test('exposing a deployment again protects it for an hour from then', async () => {
  await stored.store.routes.expose(HOST, deploymentId, 1);
  await stored.moveClock(3599);
  await stored.store.routes.expose(HOST, deploymentId, 2);
  await stored.moveClock(3599);
  const safe = () => stored.db.query(sql`select id from protected_deployments`);
  expect([await exposed(), await safe()]).toEqual([[{ deploymentId, fence: 2 }], [{ id: deploymentId }]]);
  await stored.moveClock(2);
  expect(await safe()).toEqual([]);
});
