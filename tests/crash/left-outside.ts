import { randomUUID } from 'node:crypto';
import { shardKey, TABLE_NAMESPACE } from '@miaobu/shared/contracts/edge-route';
import { deploymentPrefix } from '@miaobu/shared/contracts/manifest';
import { sql } from '@miaobu/shared/db/sql';
import { showId } from '@miaobu/shared/kernel/ids';
import type { Expectation } from './broken-invariants.ts';
import type { CrashPlatform } from './crash-platform.ts';

type Outside = Pick<CrashPlatform, 'database' | 'objectStore' | 'edgeStore'>;

/** Gives a deployment a late upload, and the bucket and the edge the remains of a deployment that nobody knows. */
export async function leaveBehind({ objectStore, edgeStore }: Outside, slug: string, ended: string): Promise<void> {
  const unknown = showId('deployment', randomUUID());
  for (const shown of [ended, unknown]) {
    await objectStore.put(`${deploymentPrefix(slug, shown)}/manifest-1.json`, Buffer.from('{}'));
  }
  await edgeStore.put(TABLE_NAMESPACE, shardKey(unknown, 0), '{}');
}

/** I8: what is outside of a project belongs to what is kept, and the contents there are those that are recorded. */
export async function orphansOf({ database, objectStore, edgeStore }: Outside, site: Expectation): Promise<string[]> {
  const kept = await database.query<{ id: string }>(sql`
    select id from deployments where status not in ('failed', 'cancelled', 'purged')`);
  const names = new Set(kept.map(({ id }) => showId('deployment', id)));
  const prefix = `projects/${site.slug}/`;
  const keys = (await objectStore.list(prefix)).objects.map(({ key }) => key);
  const tables = (await edgeStore.list(TABLE_NAMESPACE, '')).keys.map(({ key }) => key);
  const isOrphan = (key: string) => {
    const [name] = /dep_[0-9a-z]{26}/.exec(key) ?? [];
    return name !== undefined && !names.has(name);
  };
  const blobs = await database.query<{ sha256: Buffer; doomed: boolean }>(sql`
    select sha256, doomed_at is not null as doomed from blobs where project_id = ${site.projectId}`);
  const recorded = new Set(blobs.map(({ sha256 }) => `${prefix}blobs/${sha256.toString('hex')}`));
  const stored = new Set(keys.filter((key) => key.startsWith(`${prefix}blobs/`)));
  return [
    ...[...keys, ...tables].filter(isOrphan).map((key) => `I8: ${key} is an orphan`),
    ...[...stored].filter((key) => !recorded.has(key)).map((key) => `I8: ${key} is not recorded`),
    ...[...recorded].filter((key) => !stored.has(key)).map((key) => `I8: ${key} is recorded and not there`),
    ...blobs.filter(({ doomed }) => doomed).map(({ sha256 }) => `I8: ${sha256.toString('hex')} is still doomed`),
  ];
}
