import { blobKey } from '@miaobu/shared/contracts/manifest';
import { sql } from '@miaobu/shared/db/sql';
import { AppError } from '@miaobu/shared/kernel/app-error';
import { DELETE_WITHIN_SECONDS } from '@miaobu/shared/model/build/blob-repository';
import type { ObjectStore } from '@miaobu/shared/ports/object-store';
import { createLog } from '@miaobu/shared/runtime/logger';
import { beforeEach, expect, test } from 'vitest';
import { Unavailable } from '../../builder/protocol/http-request.ts';
import { retryRequest } from '../../builder/protocol/retry-request.ts';
import { manifestOf, playBuild, sha256Of } from '../../tests/database/callback-under-test.ts';
import type { DeployUnderTest } from '../../tests/database/deploy-under-test.ts';
import { eachTestHasASite } from '../../tests/database/each-test-has-a-site.ts';
import { sweepBlobs } from './sweep-blobs.ts';

const own = eachTestHasASite();

const HOUR = 3600;
const DAY = 24 * HOUR;
/** A deletion that started this long ago cannot still be running. */
const OVER = 121;
const CONTENT = 'what nobody used';
const SITE = { 'index.html': CONTENT };

const logged: string[] = [];

beforeEach(async () => {
  logged.length = 0;
  // A verified content that nothing shows: another file of its build was missing.
  await own.deploy.build(own.site, { ...SITE, 'gone.html': 'gone' }, { withheld: ['gone.html'] });
  await own.deploy.work();
  await own.stored.moveClock(2 * DAY);
});

function sweep(deleteObjects: ObjectStore['delete'] = own.cloud.objectStore.delete, monotonicMs = () => 0) {
  const objectStore = { ...own.cloud.objectStore, delete: deleteObjects };
  return sweepBlobs({ ...own.stored, objectStore, graceSeconds: DAY, monotonicMs })({
    requestId: 'timer',
    log: createLog({}, (line) => logged.push(line)),
    signal: new AbortController().signal,
  });
}

function signpost() {
  let pass = () => {};
  const passed = new Promise<void>((resolve) => {
    pass = resolve;
  });
  return { passed, pass: () => pass() };
}

/** A sweep whose deletion has started and pauses until it is released. */
async function sweepThatWaits() {
  const [begun, mayGoOn] = [signpost(), signpost()];
  const ended = sweep(async (keys) => {
    begun.pass();
    await mayGoOn.passed;
    await own.cloud.objectStore.delete(keys);
  });
  await begun.passed;
  return {
    letGo: () => {
      mayGoOn.pass();
      return ended;
    },
  };
}

async function askFor(content: string, dispatched: Awaited<ReturnType<DeployUnderTest['begin']>>) {
  const run = own.deploy.callback.runOf(dispatched);
  const { token } = (await run.publication((await run.redeem()).data.token)).data;
  return run.uploads(token, [{ sha256: sha256Of(content), bytes: Buffer.byteLength(content) }]);
}
const hasContent = async () =>
  (await own.cloud.objectStore.head(blobKey(own.site.project.slug, sha256Of(CONTENT)))) !== undefined;
const rows = () => own.stored.db.query<{ sha256: Buffer }>(sql`select sha256 from blobs where sha256 = ${hash}`);
const hash = Buffer.from(sha256Of(CONTENT), 'hex');
const beingDeleted = { status: 503, code: 'content_being_deleted' };

test('a build that wants a content that is being deleted retries until it is gone, uploads it, and shows it', async () => {
  const sweeping = await sweepThatWaits();
  const build = await own.deploy.begin(own.site);
  expect(await askFor(CONTENT, build)).toMatchObject(beingDeleted);
  expect(await sweeping.letGo()).toBeGreaterThan(0);
  expect(await hasContent()).toBe(false);

  await playBuild(own.deploy.callback, build, SITE);
  await own.deploy.work();
  expect(await own.stored.deployment(build.deploymentId)).toMatchObject({ status: 'deployed', reason: null });
  expect(await hasContent()).toBe(true);
});

test('what could not be deleted stays recorded, and is deleted with its row by the next sweep', async () => {
  await sweep(() => Promise.reject(new Error('the power went out')));
  expect([await hasContent(), (await rows()).length]).toEqual([true, 1]);
  expect(await own.stored.store.blobs.findVerified(own.site.project.id, [sha256Of(CONTENT)])).toEqual(new Map());
  await own.stored.moveClock(HOUR);
  expect(await sweep()).toBeGreaterThan(0);
  expect([await hasContent(), await rows()]).toEqual([false, []]);
});

test('two minutes after a deletion whose end nobody saw, a build gets what it wants, and keeps it', async () => {
  await sweep(() => Promise.reject(new Error('the power went out')));
  expect(await askFor(CONTENT, await own.deploy.begin(own.site))).toMatchObject(beingDeleted);
  await own.stored.moveClock(OVER);
  const id = await own.deploy.build(own.site, SITE);
  await own.deploy.work();
  expect(await own.stored.deployment(id)).toMatchObject({ status: 'deployed' });
  await own.stored.moveClock(2 * DAY);
  await sweep();
  expect(await hasContent()).toBe(true);
});

test.each([0, 3, 6, 30, 60, 119])(
  'a builder that asks %d seconds after such a deletion started is patient enough to outlast it',
  async (age) => {
    await sweep(() => Promise.reject(new Error('the power went out')));
    await own.stored.moveClock(age);
    let ms = 0;
    const clock = {
      now: () => ms,
      async wait(waitedMs: number) {
        ms += waitedMs;
        await own.stored.moveClock(waitedMs / 1000);
      },
    };
    const ask = async () => {
      try {
        return await own.stored.store.blobs.wantMany(own.site.project.id, [
          { sha256: sha256Of(CONTENT), bytes: CONTENT.length },
        ]);
      } catch (error) {
        if (!(error instanceof AppError) || error.code !== 'content_being_deleted') throw error;
        throw new Unavailable(error.code, { retryAfterMs: Number(error.details?.retryAfterSeconds) * 1000 });
      }
    };
    expect(await retryRequest(ask, {}, clock)).toEqual([sha256Of(CONTENT)]);
  },
);

test('what one sweep deletes is left alone by others until its deletion cannot be running; each deletes its own rows', async () => {
  const first = await sweepThatWaits();
  const called: string[] = [];
  const remember = async (keys: readonly string[]) => void called.push(...keys);
  expect([await sweep(remember), called]).toEqual([0, []]);

  await own.stored.moveClock(OVER);
  const second = await sweepThatWaits();
  await first.letGo();
  expect(await askFor(CONTENT, await own.deploy.begin(own.site))).toMatchObject(beingDeleted);
  await second.letGo();
  expect(await rows()).toEqual([]);
});

test('a deletion does not start after its time has passed', async () => {
  const times = [0, DELETE_WITHIN_SECONDS * 1000 + 1];
  await sweep(
    () => Promise.reject(new Error('it was begun')),
    () => times.shift() ?? 0,
  );
  expect(logged.join()).toContain('too late to delete');
  expect(logged.join()).not.toContain('it was begun');
  expect([await hasContent(), (await rows()).length]).toEqual([true, 1]);
});

test('a deletion that arrives after all that time is detected: what it hit counts as missing, and is uploaded again', async () => {
  const sweeping = await sweepThatWaits();
  await own.stored.moveClock(OVER);
  await own.deploy.build(own.site, SITE);
  await own.deploy.work();
  await sweeping.letGo();
  expect(logged.join()).toContain('a build may have uploaded the same again');
  const again = await own.deploy.build(own.site, SITE);
  await own.deploy.work();
  expect(await own.stored.deployment(again)).toMatchObject({ status: 'deployed' });
  expect(await hasContent()).toBe(true);
});

test('what a manifest names without a request counts as missing while it is being deleted', async () => {
  const sweeping = await sweepThatWaits();
  const id = await own.deploy.build(own.site, {}, { manifest: JSON.stringify(manifestOf(SITE)) });
  await own.deploy.work();
  expect(await own.stored.deployment(id)).toMatchObject({ status: 'deploying' });
  await sweeping.letGo();
  await own.stored.moveClock(OVER);
  await own.deploy.work();
  expect(await own.stored.deployment(id)).toMatchObject({ status: 'failed', reason: 'artifact_invalid' });
});
