import { ROUTE_NAMESPACE, TABLE_NAMESPACE } from '@miaobu/shared/contracts/edge-route';
import type { EdgeKey, EdgeStore } from '@miaobu/shared/ports/edge-store';
import type { ObjectStore } from '@miaobu/shared/ports/object-store';

/** `projects/{slug}/{name}/` in the bucket. */
export interface Folder {
  readonly slug: string;
  /** Public id of a deployment, or `blobs`. */
  readonly name: string;
  readonly prefix: string;
}

/** The routing table of a deployment in Edge KV. */
export interface Table {
  /** The public id. */
  readonly deploymentId: string;
  readonly shards: ReadonlySet<number>;
  /** Of the shard written last. */
  readonly updatedAt: Date;
}

/** All of our external resources, as far as they can be listed. */
export interface Inventory {
  readonly folders: readonly Folder[];
  readonly tables: readonly Table[];
  /** The hostnames with a route in Edge KV. */
  readonly routes: readonly EdgeKey[];
  /** False when Edge KV has more keys than it lists. */
  readonly complete: boolean;
}

export interface Deps {
  readonly objectStore: Pick<ObjectStore, 'listFolders'>;
  readonly edgeStore: Pick<EdgeStore, 'list'>;
}

const TABLE_KEY = /^(dep_[0-9a-z]{26})-(\d{1,4})$/;
const ROOT = 'projects/';
const PARALLEL = 8;

export async function listInventory({ objectStore, edgeStore }: Deps, signal: AbortSignal): Promise<Inventory> {
  const folders: Folder[] = [];
  const projects = await allFolders(objectStore, ROOT, signal);
  const worker = async () => {
    for (let project = projects.pop(); project !== undefined; project = projects.pop()) {
      const slug = project.slice(ROOT.length, -1);
      for (const prefix of await allFolders(objectStore, project, signal)) {
        folders.push({ slug, name: prefix.slice(project.length, -1), prefix });
      }
    }
  };
  await Promise.all(Array.from({ length: PARALLEL }, worker));
  const [tables, routes] = [
    await allKeys(edgeStore, TABLE_NAMESPACE, signal),
    await allKeys(edgeStore, ROUTE_NAMESPACE, signal),
  ];
  return {
    folders,
    tables: tablesOf(tables.keys),
    routes: routes.keys,
    complete: !tables.truncated && !routes.truncated,
  };
}

async function allFolders(objectStore: Deps['objectStore'], prefix: string, signal: AbortSignal): Promise<string[]> {
  const all: string[] = [];
  let cursor: string | undefined;
  do {
    signal.throwIfAborted();
    const page = await objectStore.listFolders(prefix, cursor === undefined ? {} : { cursor });
    all.push(...page.folders);
    cursor = page.nextCursor;
  } while (cursor !== undefined);
  return all;
}

async function allKeys(edgeStore: Deps['edgeStore'], namespace: string, signal: AbortSignal) {
  const keys: EdgeKey[] = [];
  let cursor: string | undefined;
  for (;;) {
    signal.throwIfAborted();
    const page = await edgeStore.list(namespace, '', cursor);
    keys.push(...page.keys);
    cursor = page.nextCursor;
    if (cursor === undefined) return { keys, truncated: page.truncated };
  }
}

/** Keys of any other form are unknown, and left alone. */
function tablesOf(keys: readonly EdgeKey[]): Table[] {
  const tables = new Map<string, { deploymentId: string; shards: Set<number>; updatedAt: Date }>();
  for (const { key, updatedAt } of keys) {
    const [, deploymentId, shard] = TABLE_KEY.exec(key) ?? [];
    if (deploymentId === undefined) continue;
    const table = tables.get(deploymentId) ?? { deploymentId, shards: new Set(), updatedAt };
    table.shards.add(Number(shard));
    if (updatedAt > table.updatedAt) table.updatedAt = updatedAt;
    tables.set(deploymentId, table);
  }
  return [...tables.values()];
}
