import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { platform, type RunningGithub, startGithub } from '../../local/github/start-github-for-tests.ts';
import type { WorkflowResult, WorkflowRun } from '../../local/github/workflow-definition.ts';
import { createFaults, type Faults } from '../../local/wire/faults.ts';
import {
  type ActionsBuildRunnerConfig,
  actionsBuildRunner,
} from '../../shared/adapters/github/actions-build-runner.ts';
import { buildInputs } from '../../shared/contracts/build-job.ts';
import { AppError } from '../../shared/kernel/app-error.ts';
import { PATIENCE } from '../patience.ts';

const definition = `
name: Build
run-name: \${{ inputs.deployment_id }} attempt \${{ inputs.attempt }}
on:
  workflow_dispatch:
    inputs:
      deployment_id: { required: true }
      attempt: { required: true }
      ticket: { required: true }
      callback_url: { required: true }
      cache_scope: { required: false }
`;
const attempt = {
  deploymentId: 'dep_01',
  attempt: 2,
  ticket: 'a-ticket-of-more-than-twenty-letters',
  callbackUrl: 'http://api.miaobu.localhost:4000',
  cacheScope: 'env_01',
};

let faults: Faults;
let github: RunningGithub;
/** Runs that were started, each waiting to be told how it ends. */
let started: { run: WorkflowRun; end: (result: WorkflowResult) => void }[];

beforeEach(async () => {
  faults = createFaults();
  started = [];
  const runner = (run: WorkflowRun) =>
    new Promise<WorkflowResult>((end) => {
      started.push({ run, end });
      run.signal.addEventListener('abort', () => end({ conclusion: 'cancelled', exitCode: null }));
    });
  github = await startGithub({
    workflows: { 'miaobu/platform': { 'build.yml': { definition, runner } } },
    through: (emulator) => faults.wrap('github', emulator),
  });
});
afterEach(() => github.close());

const buildRunner = (config: Partial<ActionsBuildRunnerConfig> = {}) =>
  actionsBuildRunner({
    apiUrl: `${github.base}/api/v3`,
    token: async () => platform.token,
    repository: 'miaobu/platform',
    workflow: 'build.yml',
    ref: 'main',
    ...config,
  });

const stateOf = async (runId: string) => (await buildRunner().getRun(runId))?.state;

test('a started run receives exactly what the builder expects', async () => {
  const { runId } = await buildRunner().start(attempt);
  await vi.waitUntil(() => started.length === 1, PATIENCE);
  expect(String(started[0]?.run.id)).toBe(runId);
  expect(buildInputs.parse(started[0]?.run.inputs)).toEqual({
    deployment_id: 'dep_01',
    attempt: 2,
    ticket: attempt.ticket,
    callback_url: attempt.callbackUrl,
    cache_scope: 'env_01',
  });
});

test('a run is followed to its end', async () => {
  const [good, bad] = [await buildRunner().start(attempt), await buildRunner().start({ ...attempt, attempt: 3 })];
  const waiting = await buildRunner().start({ ...attempt, attempt: 4 });
  await vi.waitUntil(() => started.length === 2, PATIENCE);
  expect([await stateOf(good.runId), await stateOf(waiting.runId)]).toEqual(['running', 'queued']);
  started[0]?.end({ conclusion: 'success', exitCode: 0 });
  started[1]?.end({ conclusion: 'failure', exitCode: 1 });
  await vi.waitUntil(async () => (await stateOf(good.runId)) === 'succeeded', PATIENCE);
  await vi.waitUntil(async () => (await stateOf(bad.runId)) === 'failed', PATIENCE);
  expect(await stateOf('999999')).toBeUndefined();
});

test('a run says how it ended, and where that can be read', async () => {
  const { runId } = await buildRunner().start(attempt);
  await vi.waitUntil(() => started.length === 1, PATIENCE);
  const running = await buildRunner().getRun(runId);
  expect(running).toMatchObject({ conclusion: undefined, url: expect.stringMatching(`/miaobu/platform/.*${runId}$`) });
  started[0]?.end({ conclusion: 'failure', exitCode: 1 });
  await vi.waitUntil(async () => (await stateOf(runId)) === 'failed', PATIENCE);
  expect(await buildRunner().getRun(runId)).toEqual({ ...running, state: 'failed', conclusion: 'failure' });
});

test('a run that has not changed may be asked about again without using up the rate limit', async () => {
  const asking = buildRunner();
  const { runId } = await asking.start(attempt);
  await vi.waitUntil(async () => (await stateOf(runId)) === 'running', PATIENCE);
  const left = async () => (await github.api('/user', { token: platform.token })).headers.get('x-ratelimit-remaining');
  const first = await asking.getRun(runId);
  const before = Number(await left());
  for (let n = 0; n < 5; n++) expect(await asking.getRun(runId)).toEqual(first);
  expect(Number(await left())).toBe(before - 1);
});

test('a run whose answer was lost is found by its deployment and attempt, and by nothing less', async () => {
  faults.inject({ service: 'github', method: 'POST', times: 1, fault: { kind: 'lost-response' } });
  await expect(buildRunner().start(attempt)).rejects.toMatchObject({ code: 'code_host_unavailable' });
  await vi.waitUntil(() => started.length === 1, PATIENCE);
  const found = await buildRunner().findRun(attempt);
  expect(found).toMatchObject({ runId: String(started[0]?.run.id), state: 'running', conclusion: undefined });
  expect(await buildRunner().findRun({ deploymentId: 'dep_01', attempt: 20 })).toBeUndefined();
  expect(await buildRunner().findRun({ deploymentId: 'dep_0', attempt: 2 })).toBeUndefined();
});

test('of two runs of one attempt the newest is found', async () => {
  await buildRunner().start(attempt);
  const { runId } = await buildRunner().start(attempt);
  expect(await buildRunner().findRun(attempt)).toMatchObject({ runId });
});

test('a cancelled run ends as cancelled; cancelling it again, or one that never existed, is not an error', async () => {
  const { runId } = await buildRunner().start(attempt);
  await vi.waitUntil(() => started.length === 1, PATIENCE);
  await buildRunner().cancel(runId);
  await vi.waitUntil(async () => (await stateOf(runId)) === 'cancelled', PATIENCE);
  expect(started[0]?.run.signal.aborted).toBe(true);
  await buildRunner().cancel(runId);
  await buildRunner().cancel('999999');
});

const misconfigured = (remedy: string) => ({
  code: 'platform_misconfigured',
  details: { service: 'build_runner' },
  remedy: expect.stringContaining(remedy),
});

test('a workflow or branch that is missing is the operator’s to mend, and the error says where', async () => {
  const { start, findRun } = buildRunner({ workflow: 'none.yml' });
  await expect(start(attempt)).rejects.toMatchObject(misconfigured('none.yml'));
  await expect(findRun(attempt)).rejects.toMatchObject(misconfigured('none.yml'));
  await expect(buildRunner({ ref: 'nowhere' }).start(attempt)).rejects.toMatchObject(misconfigured('nowhere'));
  expect(started).toEqual([]);
});

test('a platform’s token that GitHub refuses, or that is unreadable, is the operator’s to mend, and the error names it', async () => {
  const token = misconfigured('github-actions-token');
  const revoked = buildRunner({ token: async () => 'revoked' });
  await expect(revoked.start(attempt)).rejects.toMatchObject(token);
  await expect(revoked.findRun(attempt)).rejects.toMatchObject(token);
  await expect(revoked.getRun('1')).rejects.toMatchObject(token);
  await expect(revoked.cancel('1')).rejects.toMatchObject(token);
  const unreadable = buildRunner({ token: () => Promise.reject(new AppError('secret_unreadable')) });
  await expect(unreadable.start(attempt)).rejects.toMatchObject(token);
});

test('the wait that GitHub states in an outage is kept', async () => {
  faults.inject({ service: 'github', times: 1, fault: { kind: 'error', status: 503, retryAfter: 97 } });
  await expect(buildRunner().start(attempt)).rejects.toMatchObject({
    code: 'code_host_unavailable',
    details: { retryAfterSeconds: 97 },
  });
});
