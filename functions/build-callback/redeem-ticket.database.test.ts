import { githubCodeHost } from '@miaobu/shared/adapters/github/github-code-host';
import { buildJob } from '@miaobu/shared/contracts/build-job';
import { sql } from '@miaobu/shared/db/sql';
import { AppError } from '@miaobu/shared/kernel/app-error';
import { showId } from '@miaobu/shared/kernel/ids';
import { ATTEMPT_SECONDS, REDEEM_AGAIN_SECONDS, TICKET_SECONDS } from '@miaobu/shared/model/build/build-tokens';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import {
  type Checkout,
  createCheckout,
  type RunningGithub,
  startGithub,
  you,
} from '../../local/github/start-github-for-tests.ts';
import { createFaults } from '../../local/wire/faults.ts';
import { type CallbackUnderTest, callbackUnderTest } from '../../tests/database/callback-under-test.ts';
import {
  type Dispatched,
  dispatchAttempt,
  openTestStore,
  prepareSite,
  queueTestDeployment,
  type Site,
  type TestStore,
} from '../../tests/database/prepare-deployment.ts';

const faults = createFaults();
let github: RunningGithub;
let checkout: Checkout;
let commit: string;
let stored: TestStore;
let callback: CallbackUnderTest;
let site: Site;
let logIsAway = false;
const logged: { deploymentId: string; attempt: number; chunk: number; text: string }[] = [];

beforeAll(async () => {
  github = await startGithub({ through: (emulator) => faults.wrap('github', emulator) });
  checkout = await createCheckout(github.remote('you/site'));
  commit = await checkout.commit('first', { 'index.html': '<p>hello' });
  await checkout.git('push', 'origin', 'main');
  stored = await openTestStore();
  callback = callbackUnderTest(stored, {
    codeHost: githubCodeHost({ apiUrl: `${github.base}/api/v3` }),
    // No test here uploads.
    objectStore: { presignPut: () => Promise.reject(new Error('not asked for')) },
    buildLog: {
      async append({ deploymentId, attempt }, chunks) {
        if (logIsAway) throw new AppError('log_store_unavailable');
        for (const { chunk, text } of chunks) logged.push({ deploymentId, attempt, chunk, text });
        return chunks.length;
      },
    },
  });
});
beforeEach(async () => {
  await stored.empty();
  callback.log.length = 0;
  callback.rings.length = 0;
  logged.length = 0;
  logIsAway = false;
  site = await prepareSite(stored, {
    githubToken: you.token,
    variables: [
      { key: 'API_URL', value: 'https://api.example', scope: 'build' },
      { key: 'BOTH', value: '两\n行', scope: 'both' },
      { key: 'DATABASE_PASSWORD', value: 'only for the server', scope: 'runtime' },
    ],
  });
});
afterEach(() => faults.clear());
afterAll(async () => {
  await stored.close();
  await github.close();
  await checkout.remove();
});

async function dispatched(): Promise<Dispatched> {
  const { id } = await queueTestDeployment(stored, site, commit);
  return dispatchAttempt(stored, id);
}

test('a ticket becomes the job: source without a credential, settings, and a deployment that is being cloned', async () => {
  const build = await dispatched();
  const { status, data } = await callback.runOf(build).redeem();
  expect(status).toBe(200);
  const job = buildJob.parse(data);
  expect(job).toMatchObject({
    deployment_id: build.shownId,
    attempt: 1,
    request_id: `request-${commit.slice(0, 8)}`,
    project_slug: 'blog',
    repository: 'you/site',
    branch: 'main',
    commit_sha: commit,
    token: expect.stringMatching(/^mb_cb_/),
  });
  const archive = await fetch(job.source_url);
  expect([
    archive.status,
    Buffer.from(await archive.arrayBuffer())
      .subarray(0, 2)
      .toString('hex'),
  ]).toEqual([200, '1f8b']);
  expect(JSON.stringify(data)).not.toContain(you.token);
  expect(await stored.deployment(build.deploymentId)).toMatchObject({ status: 'cloning', attempt: 1 });
});

test('builds of an environment share a cache key, and each environment has its own', async () => {
  const other = await prepareSite(stored, { slug: 'shop', githubToken: you.token });
  const next = await checkout.commit('second', { 'index.html': '<p>again' });
  await checkout.git('push', 'origin', 'main');
  const keys = [];
  for (const [of, sha] of [
    [site, commit],
    [site, next],
    [other, commit],
  ] as const) {
    const { id } = await queueTestDeployment(stored, of, sha);
    keys.push((await callback.runOf(await dispatchAttempt(stored, id)).redeem()).data.cache_key);
  }
  expect(keys[0]).toMatch(/^\w{40}$/);
  expect(keys[1]).toBe(keys[0]);
  expect(keys[2]).not.toBe(keys[0]);
});

test('only build-scoped variables are handed out, unsealed', async () => {
  const { data } = await callback.runOf(await dispatched()).redeem();
  expect(data.environment).toEqual({ API_URL: 'https://api.example', BOTH: '两\n行' });
  expect(JSON.stringify(data)).not.toMatch(/DATABASE_PASSWORD|only for the server/);
});

test('a job has the variables as of when it was queued', async () => {
  const build = await dispatched();
  await stored.db.query(sql`delete from environment_variables where project_id = ${site.project.id}`);
  expect((await callback.runOf(build).redeem()).data.environment).toMatchObject({ API_URL: 'https://api.example' });
});

test('the same redeemer gets the same token again for two minutes, and nothing changes', async () => {
  const build = await dispatched();
  const run = callback.runOf(build);
  const first = await run.redeem();
  await stored.moveClock(REDEEM_AGAIN_SECONDS - 60);
  const again = await run.redeem();
  expect([again.status, again.data.token]).toEqual([200, first.data.token]);
  const moves = await stored.db.query(sql`
    select to_status from deployment_events where deployment_id = ${build.deploymentId} order by id`);
  expect(moves).toEqual([{ toStatus: 'queued' }, { toStatus: 'cloning' }]);
  await stored.moveClock(61);
  expect(await run.redeem()).toMatchObject({ status: 409, code: 'ticket_already_redeemed' });
});

test('another redeemer is refused, now and later', async () => {
  const build = await dispatched();
  const run = callback.runOf(build);
  const { data } = await run.redeem('run-1');
  expect(await run.redeem('run-2')).toMatchObject({ status: 409, code: 'ticket_already_redeemed', data: {} });
  await run.report(data.token, { seq: 1, kind: 'building' });
  expect(await run.redeem('run-2')).toMatchObject({ status: 409, code: 'ticket_already_redeemed', data: {} });
});

test('of many concurrent runs with one ticket exactly one gets the job', async () => {
  const run = callback.runOf(await dispatched());
  const answers = await Promise.all(Array.from({ length: 8 }, (_, n) => run.redeem(`run-${n}`)));
  expect(answers.map(({ status }) => status).sort()).toEqual([200, ...Array(7).fill(409)]);
});

test('a wrong ticket, a nonexistent attempt and an unknown deployment get the same 401', async () => {
  const build = await dispatched();
  const other = await queueTestDeployment(stored, await prepareSite(stored, { slug: 'shop' }));
  const foreign = await dispatchAttempt(stored, other.id);
  const claims = [
    callback.runOf(build).redeem('run-1', foreign.ticket),
    callback.runOf(build).redeem('run-1', `mb_tkt_${'0'.repeat(40)}`),
    callback.runOf({ ...build, attempt: 2 }).redeem(),
    callback.runOf({ ...build, attempt: 0 }).redeem(),
    callback.runOf({ ...build, shownId: foreign.shownId }).redeem(),
    callback.runOf({ ...build, shownId: showId('deployment', '0190b5a2-7c4e-7d36-8f21-3a5c9e1b2d40') }).redeem(),
    callback.runOf({ ...build, shownId: build.deploymentId }).redeem(),
    callback.runOf({ ...build, shownId: "dep_'%20or%201=1" }).redeem(),
  ];
  for (const answer of await Promise.all(claims))
    expect(answer).toEqual({ status: 401, code: 'unauthorized', data: {} });
  expect((await stored.deployment(build.deploymentId)).status).toBe('queued');
});

test('a ticket is worthless after an hour', async () => {
  const run = callback.runOf(await dispatched());
  await stored.moveClock(TICKET_SECONDS + 1);
  expect(await run.redeem()).toMatchObject({ status: 409, code: 'attempt_closed' });
});

test('the ticket of a cancelled deployment is refused', async () => {
  const build = await dispatched();
  await queueTestDeployment(stored, site);
  expect((await stored.deployment(build.deploymentId)).status).toBe('cancelled');
  expect(await callback.runOf(build).redeem()).toMatchObject({ status: 409, code: 'attempt_closed' });
});

test('the ticket of an attempt is refused once there is a newer one', async () => {
  const build = await dispatched();
  const next = await dispatchAttempt(stored, build.deploymentId);
  expect(await callback.runOf(build).redeem()).toMatchObject({ status: 409, code: 'attempt_closed' });
  expect(await callback.runOf(next).redeem()).toMatchObject({ status: 200 });
});

test('the ticket of an abandoned attempt is refused before there is a newer one', async () => {
  const build = await dispatched();
  await stored.store.attempts.close({ deploymentId: build.deploymentId, attempt: 1 }, 'abandoned');
  expect(await callback.runOf(build).redeem()).toMatchObject({ status: 409, code: 'attempt_closed' });
  expect((await stored.deployment(build.deploymentId)).status).toBe('queued');
});

test('a redeemer whose build is over does not get the job again', async () => {
  const run = callback.runOf(await dispatched());
  const { data } = await run.redeem();
  await run.report(data.token, { seq: 1, kind: 'failed', code: 'build_failed', message: 'no' });
  expect(await run.redeem()).toMatchObject({ status: 409, code: 'attempt_closed' });
});

test('when GitHub does not answer, the redemption stands and the same redeemer may retry', async () => {
  const run = callback.runOf(await dispatched());
  faults.inject({ service: 'github', times: 1, fault: { kind: 'error', status: 503 } });
  expect(await run.redeem()).toMatchObject({ status: 503, code: 'code_host_unavailable' });
  expect(await run.redeem('run-2')).toMatchObject({ status: 409 });
  expect(await run.redeem()).toMatchObject({ status: 200 });
});

test('a token of the attempt is valid for an hour and no longer', async () => {
  const run = callback.runOf(await dispatched());
  const { data } = await run.redeem();
  await stored.moveClock(ATTEMPT_SECONDS - 60);
  expect((await run.report(data.token, { seq: 1, kind: 'building' })).status).toBe(200);
  await stored.moveClock(61);
  expect(await run.report(data.token, { seq: 2, kind: 'heartbeat' })).toMatchObject({ status: 401 });
});

test('neither ticket nor token reaches the log', async () => {
  const build = await dispatched();
  const { data } = await callback.runOf(build).redeem();
  await callback.runOf(build).redeem('run-2');
  expect(callback.log.length).toBeGreaterThan(1);
  for (const secret of [build.ticket, String(data.token), you.token]) expect(callback.log.join()).not.toContain(secret);
});

describe('an unavailable source', () => {
  const nowhere = 'f'.repeat(40);
  const reason = 'GitHub has no commit fffffff of you/site, or does not show it to the connected account.';

  test('fails the deployment at once, with the reason in its log, and frees its slot for the next', async () => {
    const { id } = await queueTestDeployment(stored, site, nowhere);
    const build = await dispatchAttempt(stored, id);
    expect(await callback.runOf(build).redeem()).toMatchObject({ status: 409, code: 'attempt_closed' });
    expect(await stored.deployment(id)).toMatchObject({
      status: 'failed',
      reason: 'source_unavailable',
      reasonMessage: reason,
    });
    expect(logged).toEqual([{ deploymentId: build.shownId, attempt: 1, chunk: 0, text: `Error: ${reason}\n` }]);
    expect((await stored.store.attempts.find({ deploymentId: id, attempt: 1 }))?.state).toBe('finished');
    expect(callback.rings).toHaveLength(1);
  });

  test('fails it even when no log can be written', async () => {
    logIsAway = true;
    const { id } = await queueTestDeployment(stored, site, nowhere);
    await callback.runOf(await dispatchAttempt(stored, id)).redeem();
    expect(await stored.deployment(id)).toMatchObject({ status: 'failed', reasonMessage: reason });
  });

  test('fails it when GitHub has revoked the connected account', async () => {
    faults.inject({ service: 'github', times: 1, fault: { kind: 'error', status: 401 } });
    const build = await dispatched();
    expect(await callback.runOf(build).redeem()).toMatchObject({ status: 409 });
    expect(await stored.deployment(build.deploymentId)).toMatchObject({
      status: 'failed',
      reasonMessage: expect.stringContaining('sign in again'),
    });
  });
});

describe('guessing tickets', () => {
  const wrong = (n: number) => `mb_tkt_${String(n).padStart(40, '0')}`;

  test('is rate limited by address and by deployment; the right ticket stays valid', async () => {
    const build = await dispatched();
    const run = callback.runOf(build);
    const statuses = [(await run.redeem('run-1', wrong(0), '192.0.2.7')).status];
    // However slowly the others follow, no bucket refills meanwhile.
    await stored.db.query(sql`update rate_limits set filled_at = db_now() + interval '1 hour'`);
    for (let n = 1; n < 100; n++) statuses.push((await run.redeem('run-1', wrong(n), '192.0.2.7')).status);
    expect(statuses).toEqual([...Array<number>(20).fill(401), ...Array<number>(80).fill(429)]);
    // The same address for another deployment, and another address for the same one.
    const other = await dispatchAttempt(
      stored,
      (await queueTestDeployment(stored, await prepareSite(stored, { slug: 'shop' }))).id,
    );
    expect((await callback.runOf(other).redeem('run-1', wrong(1), '192.0.2.7')).status).toBe(429);
    expect((await run.redeem('run-1', wrong(1), '192.0.2.8')).status).toBe(429);
    expect((await callback.runOf(other).redeem('run-1', wrong(1), '192.0.2.8')).status).toBe(401);
    expect((await run.redeem('run-1', build.ticket, '192.0.2.7')).status).toBe(200);
  });
});
