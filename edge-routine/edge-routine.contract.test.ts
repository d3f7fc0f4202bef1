import { createHash } from 'node:crypto';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import {
  buildShards,
  kvKey,
  ROUTE_NAMESPACE,
  serializeRoute,
  shardKey,
  TABLE_NAMESPACE,
} from '@miaobu/shared/contracts/edge-route';
import { blobKey, deploymentPrefix, type Manifest } from '@miaobu/shared/contracts/manifest';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type EdgeForTests, startEdgeForTests } from '../local/aliyun/esa/start-edge-for-tests.ts';
import { PATIENCE } from '../tests/patience.ts';
import { bundleEdgeRoutine } from './bundle-edge-routine.ts';
import { deploymentId } from './testing/imitated-edge.ts';

const HOST = 'blog.sites.localhost';
const CONTENT = '<p>the page';
const sha256 = createHash('sha256').update(CONTENT).digest('hex');
let edge: EdgeForTests;

beforeAll(async () => {
  edge = await startEdgeForTests();
  const { client, models } = edge;
  for (const namespace of [ROUTE_NAMESPACE, TABLE_NAMESPACE]) {
    await client.createKvNamespace(new models.CreateKvNamespaceRequest({ namespace }));
  }
  const put = (namespace: string, key: string, value: string) =>
    client.putKv(new models.PutKvRequest({ namespace, key, value }));
  const id = deploymentId('one');
  const file = { path: 'index.html', sha256, bytes: CONTENT.length, type: 'text/html; charset=utf-8' };
  const manifest: Manifest = {
    v: 1,
    kind: 'static',
    spa: false,
    files: [file],
    rules: {
      redirects: [
        { from: '/old/*', to: '/:splat', status: 301, force: false },
        { from: '/shown/:name', to: '/index.html', status: 200, force: false },
      ],
      headers: [{ for: '/shown/:name', set: [['x-shown', 'as :name']], unset: [] }],
    },
  };
  const [shard = ''] = buildShards(manifest);
  await put(TABLE_NAMESPACE, shardKey(id, 0), shard);
  await put(
    ROUTE_NAMESPACE,
    kvKey(HOST),
    serializeRoute({
      v: 1,
      type: 'static',
      oss_path: deploymentPrefix('blog', id),
      project_slug: 'blog',
      deployment_id: id,
      commit_sha: 'c'.repeat(40),
      updated_at: '2026-01-01T00:00:00Z',
      gen: 1,
      spa: false,
      shards: 1,
    }),
  );
  await edge.record('blog');
  await edge.route('true');
  await edge.publish(await bundleEdgeRoutine());
});
afterAll(() => edge.close());

const visit = (path = '/') => edge.visit({ host: HOST, path });
/** Replaces the blob, and waits until the edge has purged its cached copy. */
async function store(content: Buffer | string, headers: Record<string, string> = {}): Promise<void> {
  await edge.putObject(blobKey('blog', sha256), content, headers);
  await edge.purge('hostname', { hostnames: [HOST] });
  const request = new edge.models.DescribePurgeTasksRequest({ siteId: edge.siteId, status: 'Refreshing' });
  await expect.poll(async () => (await edge.client.describePurgeTasks(request)).body?.totalCount, PATIENCE).toBe(0);
}

test('a page is served from the private bucket by the routine as it is published', async () => {
  await store(CONTENT);
  await expect.poll(() => visit(), PATIENCE).toMatchObject({ status: 200, body: CONTENT });
});

test('the rules of a site are applied: a redirect, another file under an address, a header', async () => {
  await store(CONTENT);
  await expect.poll(() => visit('/shown/a%20b'), PATIENCE).toMatchObject({ status: 200, body: CONTENT });
  expect((await visit('/shown/a%20b')).headers).toMatchObject({ 'x-shown': 'as a%20b' });
  const { status, headers } = await visit('/old//elsewhere.example?a=1');
  expect([status, headers.location]).toEqual([301, '/elsewhere.example?a=1']);
});

test.each([
  ['gzip', gzipSync(CONTENT)],
  ['br', brotliCompressSync(CONTENT)],
])(
  'bytes that the bucket calls %s are not decoded by the edge on the way: they are not the blob',
  async (name, bytes) => {
    await store(CONTENT);
    await expect.poll(() => visit(), PATIENCE).toMatchObject({ status: 200 });
    await store(bytes, { 'Content-Encoding': name });
    await expect.poll(async () => (await visit()).status, PATIENCE).toBe(502);
    await expect.poll(() => edge.log.join('\n'), PATIENCE).toContain(`content-encoding ${name}`);
  },
);
