import { shardKey, shardOf, TABLE_NAMESPACE } from '@miaobu/shared/contracts/edge-route';
import { expect, test } from 'vitest';
import { deploymentId, imitateEdge } from './testing/imitated-edge.ts';

const shardReads = (edge: ReturnType<typeof imitateEdge>) =>
  edge.reads.filter((key) => key.startsWith(`${TABLE_NAMESPACE}/`));

test('a shard is read once per isolate, the route on every request', async () => {
  const edge = imitateEdge();
  edge.deploy({ files: { 'index.html': 'home', 'a.js': 'a' } });
  for (const path of ['/', '/a.js', '/missing', '/']) await edge.visit(path);
  expect(shardReads(edge)).toEqual([`${TABLE_NAMESPACE}/${shardKey(deploymentId('one'), 0)}`]);
  expect(edge.reads).toHaveLength(5);
  edge.restart();
  await edge.visit('/');
  expect(shardReads(edge)).toHaveLength(2);
});

test('a table of several shards answers every path, and reads only the shard that a path falls into', async () => {
  const edge = imitateEdge();
  const paths = Array.from({ length: 4000 }, (_, n) => `folder/file-${n}.txt`);
  const route = edge.deploy({ files: Object.fromEntries(paths.map((path) => [path, path])) });
  expect(route.shards).toBeGreaterThan(1);
  for (const path of paths.filter((_, n) => n % 97 === 0)) {
    edge.restart();
    edge.reads.length = 0;
    expect(await (await edge.visit(`/${path}`)).text()).toBe(path);
    expect(shardReads(edge)).toEqual([
      `${TABLE_NAMESPACE}/${shardKey(route.deployment_id, shardOf(path, route.shards))}`,
    ]);
  }
});

test('names of properties every object has are not files', async () => {
  const edge = imitateEdge();
  edge.deploy({ files: { 'index.html': 'home' } });
  for (const path of ['/constructor', '/__proto__', '/toString']) {
    expect((await edge.visit(path)).status).toBe(404);
  }
});
