import {
  type EdgeRoute,
  findFile,
  parseShard,
  type RoutingShard,
  shardKey,
  shardOf,
  TABLE_NAMESPACE,
} from '@miaobu/shared/contracts/edge-route';
import type { ManifestFile } from '@miaobu/shared/contracts/manifest';
import type { EdgeDeps } from './edge-deps.ts';
import { leastRecentlyUsed } from './least-recently-used.ts';

/** Characters of routing tables, as they lie in KV, that one isolate keeps: at least 32 full shards. */
const CACHED_CHARACTERS = 8 * 1024 * 1024;

interface IndexedShard {
  readonly types: readonly string[];
  readonly entries: ReadonlyMap<string, RoutingShard['files'][number]>;
}

function indexShard(text: string): IndexedShard {
  const shard = parseShard(text);
  if (!shard) throw new Error('malformed routing shard');
  return { types: shard.types, entries: new Map(shard.files.map((entry) => [entry[0], entry])) };
}

/**
 * Looks files up in a deployment's routing table. A shard never changes, so it is read and indexed once an isolate.
 * Rejects when a shard cannot be read: KV failed, or the shard has not reached this POP although the route has.
 */
export function routingTableReader({ lookup }: Pick<EdgeDeps, 'lookup'>) {
  const cached = leastRecentlyUsed<IndexedShard>(CACHED_CHARACTERS);
  return async (route: EdgeRoute, path: string): Promise<ManifestFile | undefined> => {
    const key = shardKey(route.deployment_id, shardOf(path, route.shards));
    let shard = cached.get(key);
    if (!shard) {
      const text = await lookup(TABLE_NAMESPACE, key);
      if (text === undefined) throw new Error('routing shard is missing');
      shard = indexShard(text);
      cached.set(key, shard, text.length);
    }
    const entry = shard.entries.get(path);
    // The contract alone knows what an entry's places mean: it decodes the one found here.
    return entry && findFile({ v: 1, types: shard.types, files: [entry] }, path);
  };
}
