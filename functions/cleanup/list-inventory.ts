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

/** All of our external resources, as far as they can be listed, with the folders of as many projects as there was time for. */
export interface Inventory {
  readonly folders: readonly Folder[];
  /** Whether the folders of a project were listed. */
  readonly covers: (slug: string) => boolean;
  /** The last project folder that was listed; undefined when there are no more after it. */
  readonly listedUntil: string | undefined;
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

export interface ListingOptions {
  /** The project folder to continue after; undefined: begin with the first. */
  readonly after: string | undefined;
  /** From then on no further project is begun, once there is one. */
  readonly isTimeUp: () => boolean;
  readonly signal: AbortSignal;
}

export async function listInventory(
  { objectStore, edgeStore }: Deps,
  { after, isTimeUp, signal }: ListingOptions,
): Promise<Inventory> {
  // Edge KV lists a limited number of keys, by offsets, which do not stand still between two rounds: all of them, every time.
  const [tables, routes] = [
    await allKeys(edgeStore, TABLE_NAMESPACE, signal),
    await allKeys(edgeStore, ROUTE_NAMESPACE, signal),
  ];
  const isAfter = (folder: string) => after === undefined || folder > after;
  const projects = (await allFolders(objectStore, ROOT, signal)).filter(isAfter).sort();
  const folders: Folder[] = [];
  let begun = 0;
  const worker = async () => {
    while (begun === 0 || !isTimeUp()) {
      const project = projects[begun];
      if (project === undefined) return;
      begun += 1;
      const slug = project.slice(ROOT.length, -1);
      for (const prefix of await allFolders(objectStore, project, signal)) {
        folders.push({ slug, name: prefix.slice(project.length, -1), prefix });
      }
    }
  };
  await Promise.all(Array.from({ length: PARALLEL }, worker));
  const listedUntil = begun < projects.length ? projects[begun - 1] : undefined;
  const covers = (folder: string) => isAfter(folder) && (listedUntil === undefined || folder <= listedUntil);
  return {
    folders,
    covers: (slug) => covers(`${ROOT}${slug}/`),
    listedUntil,
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
