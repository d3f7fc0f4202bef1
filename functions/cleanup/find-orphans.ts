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
  /** Sites are its subdomains. */
  readonly sitesDomain: string;
}

/** What belongs to nothing that the database keeps. */
export interface Orphans {
  readonly folders: readonly Folder[];
  readonly tables: readonly Table[];
  readonly hostnames: readonly string[];
}

const IDS_A_QUERY = 1000;

/**
 * Finds what to delete of an inventory: what belongs to an ended or unknown deployment, or to an unknown project, and was written before
 * `until`. Everything outside gets its database row before it is created, so what is in the inventory but not in the database is an
 * orphan. Names that do not look like ours are left alone.
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

/** The kept deployments (public ids), and their projects' slugs. */
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

/** Our subdomains that have an Edge KV entry but no route. */
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
