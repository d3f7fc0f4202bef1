import { access, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { PATIENCE } from '../../tests/patience.ts';
import { isProcessAlive } from '../processes/process-alive.ts';
import { type Reaper, startReaper } from '../processes/reaper.ts';
import { builderRunner } from './builder-runner.ts';
import { other, platform, type RunningGithub, startGithub } from './start-github-for-tests.ts';

const definition = `
name: Build
run-name: \${{ inputs.deployment_id }} attempt \${{ inputs.attempt }}
on:
  workflow_dispatch:
    inputs:
      deployment_id: { required: true }
      attempt: { required: true }
      script: { required: true }
      note: { default: none }
`;

// A stand-in for the builder: prints where and how it runs, then does what the input tells it to.
const program = `
const { createInterface } = await import('node:readline');
const lines = [];
for await (const line of createInterface(process.stdin)) lines.push(line);
const inputs = JSON.parse(lines[0]);
console.log(JSON.stringify({ lines: lines.length, inputs, env: process.env, argv: process.argv, cwd: process.cwd() }));
await import('data:text/javascript,' + encodeURIComponent(inputs.script));
`;

interface Run {
  readonly id: number;
  readonly status: string;
  readonly conclusion: string | null;
}

let github: RunningGithub;
let reaper: Reaper;
let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'github-builder-'));
  await writeFile(path.join(folder, 'builder.mjs'), program);
  reaper = startReaper();
  const runner = builderRunner({
    command: [process.execPath, path.join(folder, 'builder.mjs')],
    environment: { MIAOBU_EXTRA: 'given' },
    reaper,
    log: () => {},
  });
  github = await startGithub({ workflows: { 'miaobu/platform': { 'build.yml': { definition, runner } } } });
});
afterEach(async () => {
  await github.close();
  await reaper.close();
  await rm(folder, { recursive: true, force: true });
});

const actions = '/repos/miaobu/platform/actions';
const api = (path: string, init: RequestInit = {}) => github.api(path, { token: platform.token, ...init });
const dispatch = (body: unknown, file = 'build.yml') =>
  api(`${actions}/workflows/${file}/dispatches`, { method: 'POST', body: JSON.stringify(body) });

async function start(script: string, attempt = 1): Promise<number> {
  const inputs = { deployment_id: 'dep_1', attempt, script };
  const answer = await dispatch({ ref: 'main', inputs, return_run_details: true });
  expect(answer.status).toBe(200);
  return ((await answer.json()) as { workflow_run_id: number }).workflow_run_id;
}

const readRun = async (id: number) => (await (await api(`${actions}/runs/${id}`)).json()) as Run;

async function waitFor(id: number, status: string): Promise<Run> {
  await vi.waitUntil(async () => (await readRun(id)).status === status, PATIENCE);
  return readRun(id);
}

const logOf = (id: number) => readFile(path.join(github.stateDirectory, 'run-logs', `${id}.log`), 'utf8');

/** What the program above says first, once it has said it. */
async function introductionOf(id: number) {
  await vi.waitUntil(async () => (await logOf(id).catch(() => '')).includes('\n'), PATIENCE);
  return JSON.parse((await logOf(id)).split('\n')[0] ?? '') as {
    lines: number;
    inputs: Record<string, string>;
    env: Record<string, string>;
    argv: string[];
    cwd: string;
  };
}

test('a run gets its inputs on stdin and nowhere else, a clean environment, and a folder that is gone afterwards', async () => {
  const id = await start(`console.log('built ' + 6 * 7)`);
  expect(await waitFor(id, 'completed')).toMatchObject({
    name: 'Build',
    display_title: 'dep_1 attempt 1',
    event: 'workflow_dispatch',
    path: '.github/workflows/build.yml',
    conclusion: 'success',
  });
  const { lines, inputs, env, argv, cwd } = await introductionOf(id);
  expect(lines).toBe(1);
  expect(inputs).toEqual({
    deployment_id: 'dep_1',
    attempt: '1',
    script: `console.log('built ' + 6 * 7)`,
    note: 'none',
  });
  // macOS adds a variable of its own to every process.
  const given = Object.entries(env).filter(([name]) => name !== '__CF_USER_TEXT_ENCODING');
  expect(Object.fromEntries(given)).toEqual({
    PATH: process.env.PATH,
    HOME: cwd,
    LANG: 'C.UTF-8',
    TMPDIR: path.join(cwd, 'temp'),
    RUNNER_TEMP: path.join(cwd, 'temp'),
    CI: 'true',
    GITHUB_ACTIONS: 'true',
    GITHUB_RUN_ID: String(id),
    GITHUB_RUN_ATTEMPT: '1',
    MIAOBU_EXTRA: 'given',
  });
  expect(argv).toHaveLength(2);
  expect(path.relative(tmpdir(), cwd)).toMatch(/^miaobu-run-/);
  await expect(access(cwd)).rejects.toThrow('ENOENT');
  expect(await logOf(id)).toContain('built 42\n');
});

test('a builder that exits with an error, or cannot be started, fails the run', async () => {
  const id = await start('process.exit(3)');
  expect(await waitFor(id, 'completed')).toMatchObject({ conclusion: 'failure' });
  await rm(path.join(folder, 'builder.mjs'));
  expect(await waitFor(await start(''), 'completed')).toMatchObject({ conclusion: 'failure' });
});

test('cancelling ends the builder with all it started, and a finished run cannot be cancelled', async () => {
  const id = await start(`
    const { spawn } = await import('node:child_process');
    console.log('child ' + spawn('sleep', ['600'], { stdio: 'ignore' }).pid);
    setInterval(() => {}, 1000);`);
  // A line of its own: the log begins with the program, which says the word as well.
  const said = async () => /^child (\d+)$/m.exec(await logOf(id).catch(() => ''))?.[1];
  const child = Number(await vi.waitUntil(said, PATIENCE));
  const { cwd } = await introductionOf(id);
  expect(isProcessAlive(child)).toBe(true);
  expect((await readRun(id)).status).toBe('in_progress');

  expect((await api(`${actions}/runs/${id}/cancel`, { method: 'POST' })).status).toBe(202);
  expect(await waitFor(id, 'completed')).toMatchObject({ conclusion: 'cancelled' });
  await vi.waitUntil(() => !isProcessAlive(child), PATIENCE);
  await expect(access(cwd)).rejects.toThrow('ENOENT');
  expect((await api(`${actions}/runs/${id}/cancel`, { method: 'POST' })).status).toBe(409);
});

test('a builder that ignores SIGTERM is killed', async () => {
  const id = await start(`process.on('SIGTERM', () => {}); console.log('deaf'); setInterval(() => {}, 1000);`);
  await vi.waitUntil(async () => /^deaf$/m.test(await logOf(id).catch(() => '')), PATIENCE);
  await api(`${actions}/runs/${id}/cancel`, { method: 'POST' });
  expect(await waitFor(id, 'completed')).toMatchObject({ conclusion: 'cancelled' });
});

test('two runs run at once; the third waits and can be cancelled while waiting', async () => {
  const waiting = 'setInterval(() => {}, 1000)';
  const [first, second, third, fourth] = [
    await start(waiting, 1),
    await start(waiting, 2),
    await start(waiting, 3),
    await start('', 4),
  ];
  await Promise.all([waitFor(first, 'in_progress'), waitFor(second, 'in_progress')]);
  expect([await readRun(third), await readRun(fourth)].map(({ status }) => status)).toEqual(['queued', 'queued']);
  await api(`${actions}/runs/${third}/cancel`, { method: 'POST' });
  expect(await readRun(third)).toMatchObject({ status: 'completed', conclusion: 'cancelled' });

  const list = (await (await api(`${actions}/runs?per_page=3`)).json()) as {
    total_count: number;
    workflow_runs: Run[];
  };
  expect([list.total_count, list.workflow_runs.map(({ id }) => id)]).toEqual([4, [fourth, third, second]]);

  await api(`${actions}/runs/${first}/cancel`, { method: 'POST' });
  expect(await waitFor(fourth, 'completed')).toMatchObject({ conclusion: 'success' });
});

test('a dispatch is answered 204 without details, and refused as GitHub refuses it', async () => {
  const inputs = { deployment_id: 'dep_1', attempt: '1', script: '' };
  const plain = await dispatch({ ref: 'main', inputs });
  expect([plain.status, await plain.text()]).toEqual([204, '']);

  const refusal = async (body: unknown, file?: string) => {
    const answer = await dispatch(body, file);
    return [answer.status, ((await answer.json()) as { message: string }).message];
  };
  expect(await refusal({ ref: 'main', inputs }, 'none.yml')).toEqual([404, 'Not Found']);
  expect(await refusal({ ref: 'nowhere', inputs })).toEqual([422, 'No ref found for: nowhere']);
  expect(await refusal({ ref: 'main', inputs: { ...inputs, more: '' } })).toEqual([
    422,
    'Unexpected inputs provided: ["more"]',
  ]);
  expect(await refusal({ ref: 'main', inputs: { attempt: 1, script: '' } })).toEqual([
    422,
    "Required input 'deployment_id' not provided",
  ]);
  const many = Object.fromEntries(Array.from({ length: 26 }, (_, n) => [`input_${n}`, '']));
  expect((await refusal({ ref: 'main', inputs: many }))[0]).toBe(422);
  const foreign = await github.api(`${actions}/runs`, { token: other.token });
  expect(foreign.status).toBe(404);
});
