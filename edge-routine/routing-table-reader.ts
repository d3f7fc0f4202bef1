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
import { type CompiledRules, compileRules } from './compile-rules.ts';
import type { EdgeDeps } from './edge-deps.ts';
import { leastRecentlyUsed } from './least-recently-used.ts';

/** Characters of routing tables, as stored in KV, that one isolate keeps: at least 32 full shards. */
const CACHED_CHARACTERS = 8 * 1024 * 1024;

interface IndexedShard {
  readonly types: readonly string[];
  readonly entries: ReadonlyMap<string, RoutingShard['files'][number]>;
  /** `true`: the first shard has them. */
  readonly rules: CompiledRules | true | undefined;
}

function indexShard(text: string): IndexedShard {
  const shard = parseShard(text);
  if (!shard) throw new Error('malformed routing shard');
  const { types, files, rules } = shard;
  return {
    types,
    entries: new Map(files.map((entry) => [entry[0], entry])),
    rules: typeof rules === 'object' ? compileRules(rules) : rules,
  };
}

/**
 * Lookups in a deployment's routing table. A shard never changes, so it is read and indexed once per isolate. Both reject when a shard
 * cannot be read: KV failed, or the shard has not reached this POP although the route has.
 */
export function routingTableReader({ lookup }: Pick<EdgeDeps, 'lookup'>) {
  const cached = leastRecentlyUsed<IndexedShard>(CACHED_CHARACTERS);

  async function read(route: EdgeRoute, number: number): Promise<IndexedShard> {
    const key = shardKey(route.deployment_id, number);
    const known = cached.get(key);
    if (known) return known;
    const text = await lookup(TABLE_NAMESPACE, key);
    if (text === undefined) throw new Error('routing shard is missing');
    const shard = indexShard(text);
    cached.set(key, shard, text.length);
    return shard;
  }

  return {
    async find(route: EdgeRoute, path: string): Promise<ManifestFile | undefined> {
      const { types, entries } = await read(route, shardOf(path, route.shards));
      const entry = entries.get(path);
      // Only the contract knows what an entry's positions mean: it decodes the one found here.
      return entry && findFile({ v: 1, types, files: [entry] }, path);
    },

    /** The site's own rules. Every shard says whether there are any: the shard of `path` is used, which is about to be read anyway. */
    async rules(route: EdgeRoute, path: string): Promise<CompiledRules | undefined> {
      let { rules } = await read(route, shardOf(path, route.shards));
      if (rules === true) ({ rules } = await read(route, 0));
      if (rules === true) throw new Error('malformed routing shard');
      return rules;
    },
  };
}
