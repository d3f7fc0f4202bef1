import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { access, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { PATIENCE } from '../../tests/patience.ts';
import { runGit } from './git-command.ts';
import {
  createCheckout,
  platform,
  type RunningGithub,
  startGithub,
  startWebhookReceiver,
  type WebhookReceiver,
  you,
} from './start-github-for-tests.ts';

const workflow = 'run-name: title\non: { workflow_dispatch: {} }';

// An emulator in a process of its own, to be killed. Its workflow writes a file and never ends.
const program = `
import { writeFileSync } from 'node:fs';
import { createGithubEmulator } from ${JSON.stringify(import.meta.resolve('./github-emulator.ts'))};
import { listen } from ${JSON.stringify(import.meta.resolve('../wire/emulator.ts'))};
const runner = async ({ directory }) => {
  writeFileSync(directory + '/half-built', '');
  console.log(directory);
  return new Promise(() => {});
};
let base = '';
const emulator = await createGithubEmulator({
  stateDirectory: process.env.STATE_DIRECTORY,
  baseUrl: () => base,
  users: ${JSON.stringify([you, platform])},
  workflows: { 'miaobu/platform': { 'build.yml': { definition: ${JSON.stringify(workflow)}, runner } } },
  log: () => {},
  parallelRuns: 1,
});
base = (await listen(emulator)).url + '/github';
console.log(base);
`;

let stateDirectory: string;
let receiver: WebhookReceiver;
let main: ChildProcess | undefined;
let revived: RunningGithub | undefined;

beforeEach(async () => {
  stateDirectory = await mkdtemp(path.join(tmpdir(), 'github-restart-'));
  receiver = await startWebhookReceiver();
});
afterEach(async () => {
  main?.kill('SIGKILL');
  await revived?.close();
  revived = undefined;
  await receiver.close();
  await rm(stateDirectory, { recursive: true, force: true });
});

/** Starts the program above; gives its address and its further lines. */
async function startMortal() {
  const child = spawn(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', '--input-type=module', '--eval', program],
    {
      env: { PATH: process.env.PATH, STATE_DIRECTORY: stateDirectory },
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  main = child;
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  const nextLine = async () => String((await lines.next()).value);
  const base = await nextLine();
  const call = (token: string, path: string, body?: unknown) =>
    fetch(`${base}/api/v3${path}`, {
      headers: { authorization: `Bearer ${token}` },
      ...(body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }),
    });
  return {
    nextLine,
    call,
    remote: `${base.replace('http://', `http://x:${you.token}@`)}/git/you/site.git`,
    async kill() {
      child.kill('SIGKILL');
      await once(child, 'exit');
    },
  };
}

const hook = () => ({
  events: ['push'],
  config: { url: receiver.url, content_type: 'json', secret: receiver.secret },
});
const revive = async () => {
  revived = await startGithub({
    stateDirectory,
    workflows: {
      'miaobu/platform': {
        'build.yml': { definition: workflow, runner: async () => ({ conclusion: 'success', exitCode: 0 }) },
      },
    },
  });
  return revived;
};

test('after a kill the repository keeps its id and commits, and an interrupted delivery is repeated', async () => {
  const mortal = await startMortal();
  const checkout = await createCheckout(mortal.remote);
  await checkout.commit('first', { 'index.html': 'one' });
  await checkout.git('push', 'origin', 'main');
  const before = (await (await mortal.call(you.token, '/repos/you/site')).json()) as { id: number };
  await mortal.call(you.token, '/repos/you/site/hooks', hook());
  await vi.waitUntil(() => receiver.received.length === 1, PATIENCE);
  receiver.answer = () => new Promise(() => {});
  const second = await checkout.commit('second', {});
  await checkout.git('push', 'origin', 'main');
  const [cut] = await receiver.pushes(1);
  await mortal.kill();

  receiver.answer = () => 202;
  const github = await revive();
  const [, again] = await receiver.pushes(2);
  expect([again?.guid, again?.payload.after, again?.signed]).toEqual([cut?.guid, second, true]);
  const after = await github.api('/repos/you/site');
  expect(await after.json()).toMatchObject({ id: before.id, full_name: 'you/site' });
  expect(await (await github.api('/repos/you/site/branches/main')).json()).toMatchObject({ commit: { sha: second } });
  await checkout.remove();
});

test('a push killed after it moved its branch and before it was reported is reported once on the next start', async () => {
  const mortal = await startMortal();
  const checkout = await createCheckout(mortal.remote);
  const first = await checkout.commit('first', { 'index.html': 'one' });
  await checkout.git('push', 'origin', 'main');
  await mortal.call(you.token, '/repos/you/site/hooks', hook());
  await vi.waitUntil(() => receiver.received.length === 1, PATIENCE);
  await mortal.kill();

  // What receive-pack leaves behind when the emulator is killed right after it: the branch, and the note of who pushed.
  const second = await checkout.commit('second', {});
  const { DatabaseSync } = await import('node:sqlite');
  const database = new DatabaseSync(path.join(stateDirectory, 'github.sqlite'));
  const id = database.prepare(`select id from repository where name = 'site'`).get()?.id;
  const repository = path.join(stateDirectory, 'repositories', `${id}.git`);
  await runGit(repository, ['fetch', '--quiet', checkout.directory, 'main:main']);
  database.prepare('insert into push_in_progress (repository_id, login) values (?, ?)').run(Number(id), 'you');
  database.close();

  await revive();
  const [push] = await receiver.pushes(1);
  expect(push?.payload).toMatchObject({
    before: first,
    after: second,
    pusher: { name: 'you' },
    repository: { clone_url: `${revived?.base}/git/you/site.git` },
  });
  await revived?.close();
  const again = await revive();
  await checkout.git('push', again.remote('you/site'), 'main:refs/heads/afterwards');
  const pushes = await receiver.pushes(2);
  expect(pushes.map(({ payload }) => payload.ref)).toEqual(['refs/heads/main', 'refs/heads/afterwards']);
  await checkout.remove();
});

test('an interrupted run is cancelled with its folder removed, and a queued one is run', async () => {
  const mortal = await startMortal();
  const start = async () => {
    const body = { ref: 'main', return_run_details: true };
    const answer = await mortal.call(
      platform.token,
      '/repos/miaobu/platform/actions/workflows/build.yml/dispatches',
      body,
    );
    return ((await answer.json()) as { workflow_run_id: number }).workflow_run_id;
  };
  const [running, queued] = [await start(), await start()];
  const folder = await mortal.nextLine();
  expect(await readdir(folder)).toEqual(['half-built']);
  await mortal.kill();

  const github = await revive();
  const runOf = async (id: number) =>
    (await (await github.api(`/repos/miaobu/platform/actions/runs/${id}`, { token: platform.token })).json()) as object;
  expect(await runOf(running)).toMatchObject({ status: 'completed', conclusion: 'cancelled' });
  await expect(access(folder)).rejects.toThrow('ENOENT');
  await vi.waitUntil(
    async () => 'status' in (await runOf(queued)) && JSON.stringify(await runOf(queued)).includes('success'),
    PATIENCE,
  );
});
