/**
 * Two kinds of Edge KV value, written by `deploy` and read by the edge routine:
 *
 * - namespace `miaobu`, key `kvKey(hostname)` → `EdgeRoute`: which deployment a hostname shows (at most 4 KB);
 * - namespace `miaobu-tables`, key `{deployment_id}-{n}` → `RoutingShard`: the files of that deployment whose path hashes to n.
 *   These keys are immutable: a deployment's table never changes, so an isolate may cache it for ever. The first shard also
 *   has the site's routing rules. They have no key of their own, so code that writes, counts or deletes tables can ignore
 *   them, and requests to a site without rules cost no extra read.
 *
 * No zod in this file: the edge routine bundles it.
 */
import { deploymentPrefix, type Manifest, type ManifestFile } from './manifest.ts';
import type { RoutingRules } from './routing-rules.ts';

export const ROUTE_NAMESPACE = 'miaobu';
export const TABLE_NAMESPACE = 'miaobu-tables';
/** Names the deployment; on every response that comes from one. */
export const DEPLOYMENT_HEADER = 'x-miaobu-deployment';
/** No routing shard may be larger (a KV value holds 1.8 MB, but the edge has about 100 ms of CPU to parse it). */
export const SHARD_LIMIT_BYTES = 256 * 1024;
/**
 * The most shards of a deployment: the largest manifest needs fewer, unless its paths were chosen to collide, and then no
 * number is enough.
 */
const SHARD_COUNT_LIMIT = 1024;
const ROUTE_LIMIT_BYTES = 4 * 1024;

export interface EdgeRoute {
  readonly v: 1;
  readonly type: 'static';
  /** `projects/{slug}/{deployment_id}`. */
  readonly oss_path: string;
  readonly project_slug: string;
  readonly deployment_id: string;
  /** Null for an uploaded folder, which has no commit. */
  readonly commit_sha: string | null;
  /** RFC 3339, UTC. */
  readonly updated_at: string;
  /** Generation of the environment: grows with every switch, never decreases. */
  readonly gen: number;
  readonly spa: boolean;
  /** Number of routing shards of the deployment, a power of two. */
  readonly shards: number;
}

/** The Edge KV key of a hostname. The one place that knows what ESA allows in a key. */
export const kvKey = (hostname: string) => hostname.toLowerCase();
/** The Edge KV key of one shard of a deployment's routing table; shards are counted from 0. */
export const shardKey = (deploymentId: string, shard: number) => `${deploymentId}-${shard}`;
/** The prefix that exactly the keys of this deployment's shards have. */
export const shardPrefix = (deploymentId: string) => `${deploymentId}-`;

/** A file in a shard: `[path, sha256, bytes, type index, br blob?, gzip blob?]`, blobs as `[sha256, bytes]`. */
type Twin = readonly [sha256: string, bytes: number] | 0;
type ShardEntry = readonly [path: string, sha256: string, bytes: number, type: number, br?: Twin, gzip?: Twin];

export interface RoutingShard {
  readonly v: 1;
  /** Content types; entries refer to them by index. */
  readonly types: readonly string[];
  readonly files: readonly ShardEntry[];
  /** Absent when the site has none; `true`: they are in the first shard. */
  readonly rules?: RoutingRules | true;
}

/** FNV-1a over UTF-16 code units: the same in the function and at the edge, fast, without crypto. */
export function pathHash(path: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < path.length; i++) {
    hash ^= path.charCodeAt(i);
    hash = Math.imul(hash, 0x01000193);
  }
  return hash >>> 0;
}

/** The index of the shard that contains this path, of `shards` (a power of two). */
export const shardOf = (path: string, shards: number) => pathHash(path) & (shards - 1);

function shardFor(files: readonly ManifestFile[], rules: RoutingRules | true | undefined): RoutingShard {
  const types: string[] = [];
  const indexOf = new Map<string, number>();
  const entries = files.map((file): ShardEntry => {
    let type = indexOf.get(file.type);
    if (type === undefined) {
      type = types.push(file.type) - 1;
      indexOf.set(file.type, type);
    }
    const { br, gzip } = file.encodings ?? {};
    const head = [file.path, file.sha256, file.bytes, type] as const;
    if (gzip) return [...head, br ? [br.sha256, br.bytes] : 0, [gzip.sha256, gzip.bytes]];
    return br ? [...head, [br.sha256, br.bytes]] : head;
  });
  return { v: 1, types, files: entries, ...(rules && { rules }) };
}

/**
 * The routing table of a deployment: as few shards (a power of two) as keep each below `SHARD_LIMIT_BYTES`, serialised. Throws
 * `RangeError` when `SHARD_COUNT_LIMIT` is not enough.
 */
export function buildShards(manifest: Manifest): string[] {
  for (let shards = 1; shards <= SHARD_COUNT_LIMIT; shards *= 2) {
    const buckets = Array.from({ length: shards }, (): ManifestFile[] => []);
    for (const file of manifest.files) buckets[shardOf(file.path, shards)]?.push(file);
    const { rules } = manifest;
    const values = buckets.map((files, shard) =>
      JSON.stringify(shardFor(files, rules && (shard === 0 ? rules : true))),
    );
    if (values.every((value) => new TextEncoder().encode(value).length <= SHARD_LIMIT_BYTES)) return values;
  }
  throw new RangeError(`the paths of the site do not spread over ${SHARD_COUNT_LIMIT} routing shards`);
}

/** Looks a path up in its shard. */
export function findFile(shard: RoutingShard, path: string): ManifestFile | undefined {
  const entry = shard.files.find(([candidate]) => candidate === path);
  if (!entry) return undefined;
  const [, sha256, bytes, type, br, gzip] = entry;
  const twin = (value: Twin | undefined) => (value ? { sha256: value[0], bytes: value[1] } : undefined);
  const brTwin = twin(br);
  const gzipTwin = twin(gzip);
  const encodings = { ...(brTwin && { br: brTwin }), ...(gzipTwin && { gzip: gzipTwin }) };
  const file = { path, sha256, bytes, type: shard.types[type] ?? 'application/octet-stream' };
  return brTwin || gzipTwin ? { ...file, encodings } : file;
}

/** Serialises a route; throws `RangeError` when it would not fit the 4 KB we promise the edge. */
export function serializeRoute(route: EdgeRoute): string {
  const value = JSON.stringify(route);
  if (new TextEncoder().encode(value).length > ROUTE_LIMIT_BYTES) throw new RangeError('edge route is over 4 KB');
  return value;
}

// A route's values are put into URLs and headers, so anything that could inject something there is malformed.
const SLUG = /^[a-z0-9-]{1,40}$/;
const DEPLOYMENT_ID = /^dep_[0-9a-z]{26}$/;
const COMMIT_SHA = /^[0-9a-f]{40}$/;
const SHA256 = /^[0-9a-f]{64}$/;
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/;

const isText = (value: unknown, form: RegExp): value is string => typeof value === 'string' && form.test(value);
const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && Number(value) >= 0;
const isShardCount = (value: unknown): value is number =>
  isCount(value) && value >= 1 && value <= SHARD_COUNT_LIMIT && (value & (value - 1)) === 0;

/** The unchecked fields of a JSON object; none when the text is anything else. */
function fieldsOf(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

/** Reads a route. Undefined when it is malformed or of another schema: the edge then keeps the route it had. */
export function parseRoute(text: string): EdgeRoute | undefined {
  const { v, type, oss_path, project_slug, deployment_id, commit_sha, updated_at, gen, spa, shards } = fieldsOf(text);
  if (v !== 1 || type !== 'static') return undefined;
  if (!isText(project_slug, SLUG) || !isText(deployment_id, DEPLOYMENT_ID)) return undefined;
  if (oss_path !== deploymentPrefix(project_slug, deployment_id)) return undefined;
  if (commit_sha !== null && !isText(commit_sha, COMMIT_SHA)) return undefined;
  if (!isText(updated_at, TIME) || !isCount(gen)) return undefined;
  if (typeof spa !== 'boolean' || !isShardCount(shards)) return undefined;
  return { v, type, oss_path, project_slug, deployment_id, commit_sha, updated_at, gen, spa, shards };
}

const isTwin = (value: unknown): value is Twin =>
  value === 0 || (Array.isArray(value) && value.length === 2 && isText(value[0], SHA256) && isCount(value[1]));

function isShardEntry(value: unknown, types: number): value is ShardEntry {
  if (!Array.isArray(value) || value.length < 4 || value.length > 6) return false;
  const [path, sha256, bytes, type, ...twins] = value as unknown[];
  if (typeof path !== 'string' || !isText(sha256, SHA256) || !isCount(bytes)) return false;
  return isCount(type) && type < types && twins.every(isTwin);
}

/** Not checked any further: `deploy` has done so, and compiling them throws for invalid patterns and targets. */
const isRules = (value: unknown): value is RoutingRules =>
  typeof value === 'object' &&
  value !== null &&
  'redirects' in value &&
  Array.isArray(value.redirects) &&
  'headers' in value &&
  Array.isArray(value.headers);

/** Reads a routing shard. Undefined when it is malformed or of another schema. */
export function parseShard(text: string): RoutingShard | undefined {
  const { v, types, files, rules } = fieldsOf(text);
  if (v !== 1 || !Array.isArray(types) || !Array.isArray(files)) return undefined;
  if (!types.every((type) => typeof type === 'string')) return undefined;
  if (!files.every((entry) => isShardEntry(entry, types.length))) return undefined;
  if (rules === undefined) return { v, types, files };
  return rules === true || isRules(rules) ? { v, types, files, rules } : undefined;
}
