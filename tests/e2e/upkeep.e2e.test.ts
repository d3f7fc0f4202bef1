import path from 'node:path';
import { type ApiClient, createClient } from '@miaobu/shared/contracts/client';
import { type Database, openDatabase } from '@miaobu/shared/db/database';
import { sql } from '@miaobu/shared/db/sql';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startPostgres } from '../../local/postgres/start-postgres.ts';
import { shiftClock } from '../database/shift-clock.ts';
import { eventually } from './eventually.ts';
import { type GitSite, gitSite } from './git-site.ts';
import type { Platform } from './start-platform.ts';
import { startPreparedPlatform } from './start-prepared-platform.ts';
import { visit } from './visit.ts';

const PATIENCE_MS = 150_000;

let platform: Platform;
let api: ApiClient;
let db: Database;
let site: GitSite;

beforeAll(async () => {
  platform = await startPreparedPlatform();
  api = createClient({ origin: platform.apiUrl, token: platform.token });
  // It runs already: this only says where.
  const postgres = await startPostgres({ directory: path.join(platform.home, 'postgres/data'), port: 0 });
  db = openDatabase({ url: postgres.url('miaobu'), poolSize: 1 });
  site = await gitSite(platform.gitUrl, 'dev/kept');
  await site.commit({ 'index.html': '<h1>kept</h1>' });
  await site.push();
}, 400_000);
afterAll(async () => {
  site?.remove();
  await db?.close();
  await platform?.stop();
  platform?.clean();
});

// The minute timer of the platform does what is due: nobody rings for what a clock brings about.
test('a site is seen everywhere when the edge has had its time, and a deleted one leaves nothing', async () => {
  const { data: project } = await api('createProject', { body: { repo: 'dev/kept' } });
  const current = async () =>
    (await api('listDeployments', { params: { project: project.slug }, query: { limit: 1 } })).data[0];
  const published = await eventually(async () => {
    const deployment = await current();
    return deployment?.published_at ? deployment : undefined;
  }, 'the site is published');
  expect(published.live_everywhere_at).toBeNull();
  await shiftClock(db, 300);
  await eventually(async () => (await current())?.live_everywhere_at ?? undefined, 'seen everywhere', PATIENCE_MS);

  expect((await visit(project.url)).body).toContain('kept');
  expect((await api('deleteProject', { params: { project: project.slug } })).data.deleting).toBe(true);
  await eventually(
    async () => ((await visit(project.url)).body.includes('kept') ? undefined : true),
    'the site is gone',
  );
  const rows = () => db.query(sql`select deleting_at from projects where slug = ${project.slug}`);
  expect(await rows()).toEqual([{ deletingAt: expect.any(Date) }]);
  await shiftClock(db, 3600);
  await eventually(async () => ((await rows()).length === 0 ? true : undefined), 'nothing is left of it', PATIENCE_MS);
  expect(await db.query(sql`select topic, last_error from outbox where state = 'dead'`)).toEqual([]);
}, 600_000);
