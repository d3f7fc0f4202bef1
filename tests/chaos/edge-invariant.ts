import {
  findFile,
  kvKey,
  parseRoute,
  parseShard,
  ROUTE_NAMESPACE,
  shardKey,
  shardOf,
  TABLE_NAMESPACE,
} from '@miaobu/shared/contracts/edge-route';
import { blobKey } from '@miaobu/shared/contracts/manifest';
import { builtSite, contentMatches } from './built-site.ts';
import { address } from './compose-platform.ts';
import { Violation } from './violation.ts';
import { SITES, type World } from './world.ts';

/** Why a visitor who gets this value for a hostname does not get the complete site of its commit. */
function problemOf(world: World, slug: string, value: string): string | undefined {
  const route = parseRoute(value);
  if (!route || route.project_slug !== slug) return 'the value is not a route of this project';
  const sha = route.commit_sha ?? world.uploads.get(route.deployment_id)?.sha;
  if (sha === undefined) return 'the value is of no commit, and nobody has uploaded it';
  const site = builtSite(sha);
  for (const expected of site.manifest.files) {
    const key = shardKey(route.deployment_id, shardOf(expected.path, route.shards));
    const text = world.edge.current(TABLE_NAMESPACE, key);
    const shard = text === undefined ? undefined : parseShard(text);
    if (!shard) return `the routing table ${key} is gone`;
    const file = findFile(shard, expected.path);
    if (!file) return `${expected.path} is not in the routing table`;
    const content = world.objects.objects.get(blobKey(slug, file.sha256));
    if (!content) return `the content of ${expected.path} is gone`;
    if (!contentMatches(file.sha256, content)) return `the content of ${expected.path} is not what it is called`;
    if (file.sha256 !== expected.sha256) return `${expected.path} is of another commit`;
  }
  return undefined;
}

/**
 * I5, at every instant: whatever any edge location may answer leads to a complete site, with the contents of its
 * commit. Returns a check that looks only after something has changed.
 */
export function edgeInvariant(world: World): () => void {
  let seen = '';
  return () => {
    const state = `${world.edge.changes()} ${world.objects.changes()}`;
    if (state === seen) return;
    seen = state;
    for (const { slug, environment } of SITES) {
      const hostname = address.hostname(slug, environment);
      for (const value of world.edge.visible(ROUTE_NAMESPACE, kvKey(hostname))) {
        const problem = problemOf(world, slug, value);
        if (problem) throw new Violation('I5', `${hostname} shows ${value}: ${problem}`);
      }
    }
  };
}
