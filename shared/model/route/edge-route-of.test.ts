import { expect, test } from 'vitest';
import { parseRoute } from '../../contracts/edge-route.ts';
import { edgeRouteOf } from './edge-route-of.ts';

const deployment = {
  id: '0190b5a2-7c4e-7d36-8f21-3a5c9e1b2d40',
  commitSha: 'c'.repeat(40),
  spa: true,
  shards: 8,
  activatedAt: new Date('2026-01-02T03:04:05.678Z'),
};
const environment = { generation: 7 };

test('the edge is told which deployment to serve, from where, and as of which switch', () => {
  const { route, value } = edgeRouteOf(deployment, { slug: 'blog' }, environment);
  expect(route).toEqual({
    v: 1,
    type: 'static',
    oss_path: `projects/blog/${route.deployment_id}`,
    project_slug: 'blog',
    deployment_id: expect.stringMatching(/^dep_[0-9a-z]{26}$/),
    commit_sha: deployment.commitSha,
    updated_at: '2026-01-02T03:04:05.678Z',
    gen: 7,
    spa: true,
    shards: 8,
  });
  expect(parseRoute(value)).toEqual(route);
});

test('the same state gives the same bytes, so that a second write changes nothing', () => {
  const values = [0, 1].map(() => edgeRouteOf({ ...deployment }, { slug: 'blog' }, environment).value);
  expect(values[0]).toBe(values[1]);
});

test('even the longest slug and the largest numbers make a route the edge can read', () => {
  const widest = { ...deployment, shards: 1024, activatedAt: null, spa: null };
  const { route, value } = edgeRouteOf(widest, { slug: 'x'.repeat(40) }, { generation: Number.MAX_SAFE_INTEGER });
  expect(parseRoute(value)).toEqual(route);
});
