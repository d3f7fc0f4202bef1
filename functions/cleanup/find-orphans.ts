import { parseRoute, ROUTE_NAMESPACE } from '@miaobu/shared/contracts/edge-route';
import { readId } from '@miaobu/shared/kernel/ids';
import type { Store } from '@miaobu/shared/model/repositories';
import type { EdgeStore } from '@miaobu/shared/ports/edge-store';
import type { ObjectStore } from '@miaobu/shared/ports/object-store';
import type { Folder, Inventory, Table } from './list-inventory.ts';

export interface Deps {
  readonly store: Pick<Store, 'projects' | 'deploymentRetention' | 'routes'>;
  readonly objectStore: Pick<ObjectStore, 'list'>;
  readonly edgeStore: Pick<EdgeStore, 'get'>;
  /** Sites are subdomains of it. */
  readonly sitesDomain: string;
}

/** What belongs to nothing that the database knows and keeps. */
export interface Orphans {
  readonly folders: readonly Folder[];
  readonly tables: readonly Table[];
  readonly hostnames: readonly string[];
}

const IDS_A_QUERY = 1000;

/**
 * Finds what is to be deleted of an inventory: what belongs to a deployment that is over or unknown, or to an unknown project, and was
 * written before `until`. Whatever is outside has a row in the database before it is made, so what the inventory has and the
 * database has not is nobody's. What does not look like ours is left alone.
 */
export async function findOrphans(deps: Deps, inventory: Inventory, until: Date): Promise<Orphans> {
  const taken = await deps.store.projects.findTakenSlugs([...new Set(inventory.folders.map(({ slug }) => slug))]);
  const named = [...inventory.folders.map(({ name }) => name), ...inventory.tables.map((table) => table.deploymentId)];
  const slugOf = await slugsOfKept(deps.store, named);
  const isDeployment = (name: string) => readId('deployment', name) !== undefined;

  const folders: Folder[] = [];
  for (const folder of inventory.folders) {
    const { slug, name } = folder;
    if (name !== 'blobs' && !isDeployment(name)) continue;
    const kept = taken.has(slug) && (name === 'blobs' || slugOf.get(name) === slug);
    if (!kept && (await hasObjectsUntil(deps.objectStore, folder.prefix, until))) folders.push(folder);
  }
  const tables = inventory.tables.filter(
    ({ deploymentId, updatedAt }) => isDeployment(deploymentId) && !slugOf.has(deploymentId) && updatedAt < until,
  );
  return { folders, tables, hostnames: await findUnrouted(deps, inventory, until) };
}

/** Deployments (ids as they are shown) of which something has to stay, and the slugs of their projects. */
async function slugsOfKept(store: Deps['store'], shown: readonly string[]): Promise<Map<string, string>> {
  const shownById = new Map(shown.map((name) => [readId('deployment', name), name]));
  const ids = [...shownById.keys()].filter((id) => id !== undefined);
  const kept = new Map<string, string>();
  for (let start = 0; start < ids.length; start += IDS_A_QUERY) {
    for (const { id, slug, over } of await store.deploymentRetention.findStanding(
      ids.slice(start, start + IDS_A_QUERY),
    )) {
      if (!over) kept.set(shownById.get(id) ?? '', slug);
    }
  }
  return kept;
}

const hasObjectsUntil = async (objectStore: Deps['objectStore'], prefix: string, until: Date): Promise<boolean> =>
  (await objectStore.list(prefix)).objects.some(({ lastModified }) => lastModified < until);

/** Subdomains of ours that Edge KV shows something at and that no route has. */
async function findUnrouted({ store, edgeStore, sitesDomain }: Deps, { routes }: Inventory, until: Date) {
  const candidates = routes.filter(({ key, updatedAt }) => key.endsWith(`.${sitesDomain}`) && updatedAt < until);
  const known = await store.routes.findKnown(candidates.map(({ key }) => key));
  const unrouted: string[] = [];
  for (const { key } of candidates) {
    if (known.has(key)) continue;
    const value = await edgeStore.get(ROUTE_NAMESPACE, key);
    if (value !== undefined && parseRoute(value)) unrouted.push(key);
  }
  return unrouted;
}
