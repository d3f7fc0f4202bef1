import { outbox } from '@miaobu/shared/db/outbox';
import { sql } from '@miaobu/shared/db/sql';
import { createLog } from '@miaobu/shared/runtime/logger';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { sha256Of } from '../../tests/database/callback-under-test.ts';
import { openTestStore, prepareSite, type Site, type TestStore } from '../../tests/database/prepare-deployment.ts';
import { markPurgeable } from './mark-purgeable.ts';
import { runCleanup, type Sweep } from './run-cleanup.ts';
import { sweepBlobs } from './sweep-blobs.ts';

const HOUR = 3600;
const DAY = 24 * HOUR;

let stored: TestStore;
const logged: string[] = [];

beforeAll(async () => {
  stored = await openTestStore();
});
beforeEach(async () => {
  await stored.empty();
  logged.length = 0;
});
afterAll(() => stored.close());

const context = () => ({
  requestId: 'timer',
  log: createLog({}, (line) => logged.push(line)),
  signal: new AbortController().signal,
});

describe('a round', () => {
  /** A round of ten minutes, one of them reserved for its end; its parts advance the clock. */
  function roundOf(parts: {
    readonly markPurgeable?: Sweep;
    readonly quick?: Readonly<Record<string, Sweep>>;
    readonly long?: Readonly<Record<string, Sweep>>;
  }) {
    let ms = 0;
    const limits: { readonly at: number; readonly controller: AbortController }[] = [];
    const pass = (seconds: number) => {
      ms += seconds * 1000;
      for (const { at, controller } of limits) if (at <= ms) controller.abort();
    };
    const run = runCleanup({
      outbox: outbox(stored.db),
      store: stored.store,
      owner: 'cleanup',
      monotonicMs: () => ms,
      sleep: async (sleptMs) => pass(sleptMs / 1000),
      timeLimit: (limitMs) => {
        const controller = new AbortController();
        limits.push({ at: ms + limitMs, controller });
        return controller.signal;
      },
      markPurgeable: parts.markPurgeable ?? (async () => 0),
      sweeps: { quick: parts.quick ?? {}, long: parts.long ?? {} },
      handlers: { 'deployment.purge': { work: async () => undefined } },
    });
    return { pass, run: () => run({ ...context(), timeoutSeconds: 600 }) };
  }

  test('ends a part that would never finish, and gives the others their time', async () => {
    const turns: string[] = [];
    const endless =
      (name: string): Sweep =>
      async ({ signal }) => {
        turns.push(name);
        for (let seconds = 0; !signal.aborted; seconds++) {
          expect(seconds, 'nobody says that its time is up').toBeLessThan(600);
          round.pass(1);
        }
        return 1;
      };
    const round = roundOf({
      markPurgeable: endless('marked'),
      quick: { quick: endless('quick') },
      long: { first: endless('first'), last: endless('last') },
    });
    expect(await round.run()).toEqual({ marked: 1, quick: 1, purged: 0, first: 1, last: 1 });
    expect(turns).toEqual(['marked', 'quick', 'first', 'last']);
  });

  test('gives the unused time of a part to those after it', async () => {
    const shares: number[] = [];
    const round = roundOf({
      quick: { quick: async () => 0 },
      long: {
        long: async ({ signal }) => {
          let seconds = 0;
          for (; !signal.aborted; seconds++) round.pass(1);
          shares.push(seconds);
          return 0;
        },
      },
    });
    await round.run();
    expect(shares).toEqual([540]);
  });

  test.each(['markPurgeable', 'quick', 'long'] as const)('continues when a part of it fails (%s)', async (place) => {
    const fail = () => Promise.reject(new Error('it broke'));
    const done = await roundOf({
      ...(place === 'markPurgeable' && { markPurgeable: fail }),
      quick: place === 'quick' ? { broken: fail, quick: async () => 1 } : { quick: async () => 1 },
      long: place === 'long' ? { broken: fail, long: async () => 2 } : { long: async () => 2 },
    }).run();
    expect(done).toMatchObject({ purged: 0, quick: 1, long: 2 });
    expect(logged.join()).toContain('it broke');
  });
});

describe('marking', () => {
  const retention = { keep: 0, graceSeconds: 0 };

  /** A deployment that may be purged. */
  async function retired({ project, environment }: Site): Promise<string> {
    const [row] = await stored.db.query<{ id: string }>(sql`
      insert into deployments (project_id, environment_id, seq, trigger, dedupe_key, branch, commit_sha, status, settings,
                               request_id, finished_at)
      values (${project.id}, ${environment.id}, 1, 'push', 'a', 'main', ${'a'.repeat(40)}, 'deployed', '{}', 'test',
              db_now() - interval '1 day')
      returning id`);
    return row?.id ?? '';
  }
  const siteOf = (slug: string) => prepareSite(stored, { slug, repository: `you/${slug}` });

  test('continues when a project is deleted between the listing and the lock', async () => {
    const [forgotten, standing] = [await siteOf('forgotten'), await siteOf('standing')];
    const id = await retired(standing);
    const store = {
      ...stored.store,
      environments: {
        ...stored.store.environments,
        async listIds(page: Parameters<typeof stored.store.environments.listIds>[0]) {
          const ids = await stored.store.environments.listIds(page);
          // A deletion that completes between the listing and the lock.
          await stored.db.query(sql`delete from routes where project_id = ${forgotten.project.id}`);
          await stored.db.query(sql`delete from environments where project_id = ${forgotten.project.id}`);
          return ids;
        },
      },
    };
    expect(await markPurgeable({ store, retention })(context())).toBe(1);
    expect((await stored.deployment(id)).status).toBe('purging');
    expect(logged).toEqual([]);
  });

  test('continues when an environment cannot be examined, and reports it', async () => {
    const [broken, standing] = [await siteOf('broken'), await siteOf('standing')];
    const ids = [await retired(broken), await retired(standing)];
    let transactions = 0;
    const store = {
      ...stored.store,
      async transaction<T>(work: Parameters<typeof stored.store.transaction<T>>[0]) {
        transactions += 1;
        if (transactions === 1) throw new Error('a row that nobody can read');
        return stored.store.transaction(work);
      },
    };
    expect(await markPurgeable({ store, retention })(context())).toBe(1);
    expect(logged.join()).toContain('a row that nobody can read');
    expect((await Promise.all(ids.map((id) => stored.deployment(id)))).map(({ status }) => status)).toEqual([
      'deployed',
      'purging',
    ]);
  });
});

describe('the sweep of contents', () => {
  /** Slugs of the projects whose contents were deleted, in order; `after` ends the round after that many. */
  async function sweep({ after = Number.POSITIVE_INFINITY, failing = [] as readonly string[] } = {}) {
    const round = new AbortController();
    const swept: string[] = [];
    const objectStore = {
      read: () => Promise.reject(new Error('no manifest is to be read')),
      async delete(keys: readonly string[]) {
        const [, slug = ''] = keys[0]?.split('/') ?? [];
        swept.push(slug);
        if (swept.length === after) round.abort();
        if (failing.includes(slug)) throw new Error(`${slug} cannot be swept`);
      },
    };
    await sweepBlobs({ ...stored, objectStore, graceSeconds: DAY, monotonicMs: () => 0 })({
      ...context(),
      signal: round.signal,
    });
    return swept;
  }
  const slugs = ['a', 'b', 'c', 'd', 'e'];
  const content = { sha256: sha256Of('unused'), bytes: 6 };
  /** Projects that have something to delete. */
  async function projects() {
    const sites = [];
    for (const slug of slugs) sites.push(await prepareSite(stored, { slug, repository: `you/${slug}` }));
    for (const { project } of sites) await stored.store.blobs.markVerified(project.id, [content]);
    await stored.moveClock(2 * DAY);
    return sites;
  }

  test('continues where the last one stopped, until every project has had its turn', async () => {
    await projects();
    expect(await sweep({ after: 2 })).toEqual(['a', 'b']);
    expect(await sweep({ after: 2 })).toEqual(['c', 'd']);
    expect(await sweep()).toEqual(['e']);
  });

  test('continues after a project that fails, and retries it after the others', async () => {
    await projects();
    expect(await sweep({ failing: ['a'] })).toEqual(slugs);
    expect(logged.join()).toContain('a cannot be swept');
    await stored.moveClock(HOUR);
    expect(await sweep()).toEqual(['a']);
  });

  test('re-examines only projects with changes, and everything after a week', async () => {
    const [{ project, environment }] = (await projects()) as [Site, ...Site[]];
    expect(await sweep()).toEqual(slugs);
    for (const each of await stored.store.projects.listIds({ limit: 10, afterId: undefined })) {
      await stored.store.blobs.markVerified(each.id, [content]);
    }
    // Wanted, and unwanted again, without a deployment: as if the change had been missed.
    await stored.moveClock(2 * DAY);
    expect(await sweep()).toEqual([]);
    await stored.db.query(sql`
      insert into deployments (project_id, environment_id, seq, trigger, dedupe_key, branch, commit_sha, status, settings,
                               request_id, deadline_at)
      values (${project.id}, ${environment.id}, 1, 'push', 'a', 'main', ${'a'.repeat(40)}, 'purged', '{}', 'test', db_now())`);
    expect(await sweep()).toEqual(['a']);
    await stored.moveClock(6 * DAY);
    expect(await sweep()).toEqual(['b', 'c', 'd', 'e']);
  });
});
