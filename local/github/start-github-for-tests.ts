import { execFile } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { vi } from 'vitest';
import { PATIENCE } from '../../tests/patience.ts';
import { type Emulator, listen, readBody } from '../wire/emulator.ts';
import { createGithubEmulator, type GithubEmulatorOptions } from './github-emulator.ts';
import type { GithubUser } from './github-users.ts';

export const you: GithubUser = { login: 'you', id: 101, token: 'token-of-you', email: 'you@example.com' };
export const other: GithubUser = { login: 'other', id: 102, token: 'token-of-other' };
export const platform: GithubUser = { login: 'miaobu', id: 103, token: 'token-of-miaobu' };

export interface RunningGithub {
  /** `http://127.0.0.1:{port}/github` */
  readonly base: string;
  readonly stateDirectory: string;
  /** Everything the emulator has logged. */
  readonly logged: readonly string[];
  /** Where `owner/name` is cloned from and pushed to, credentials included. */
  remote(fullName: string, token?: string): string;
  /** A REST call, by default with the token of `you`. */
  api(path: string, init?: RequestInit & { token?: string }): Promise<Response>;
  close(): Promise<void>;
}

/** The emulator as the local cloud mounts it, below a path of a port that others share; but a push waits until its webhooks are through. */
export async function startGithub(
  options: Partial<GithubEmulatorOptions> & { through?: (emulator: Emulator) => Emulator } = {},
): Promise<RunningGithub> {
  const { through = (emulator: Emulator) => emulator, ...rest } = options;
  const stateDirectory = options.stateDirectory ?? (await mkdtemp(path.join(tmpdir(), 'github-emulator-')));
  const logged: string[] = [];
  let base = 'http://not-listening.invalid/github';
  const emulator = await createGithubEmulator({
    stateDirectory,
    baseUrl: () => base,
    users: [you, other, platform],
    workflows: {},
    reportWaitMs: PATIENCE.timeout,
    log: (message) => logged.push(message),
    ...rest,
  });
  const listening = await listen(through(emulator));
  base = `${listening.url}/github`;
  await emulator.resume();
  return {
    base,
    stateDirectory,
    logged,
    remote: (fullName, token = you.token) =>
      `${base.replace('http://', `http://anyone:${token}@`)}/git/${fullName}.git`,
    api: (path, { token = you.token, headers, ...init } = {}) =>
      fetch(`${base}/api/v3${path}`, {
        redirect: 'manual',
        ...init,
        headers: { authorization: `Bearer ${token}`, ...headers },
      }),
    async close() {
      await listening.close();
      await emulator.close();
      if (!options.stateDirectory) await rm(stateDirectory, { recursive: true, force: true });
    },
  };
}

const run = promisify(execFile);

export interface Checkout {
  readonly directory: string;
  /** Runs git in the checkout; rejects with what it printed. */
  git(...args: string[]): Promise<{ stdout: string; stderr: string }>;
  /** Writes files (undefined removes one) and commits everything; returns the commit's id. */
  commit(message: string, files: Readonly<Record<string, string | Buffer | undefined>>): Promise<string>;
  remove(): Promise<void>;
}

/** A person's working copy, untouched by this machine's git configuration. */
export async function createCheckout(remote: string): Promise<Checkout> {
  const directory = await mkdtemp(path.join(tmpdir(), 'github-checkout-'));
  const env = {
    PATH: process.env.PATH,
    HOME: directory,
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_TERMINAL_PROMPT: '0',
    GIT_AUTHOR_NAME: 'Ada',
    GIT_AUTHOR_EMAIL: 'you@example.com',
    GIT_COMMITTER_NAME: 'Ada',
    GIT_COMMITTER_EMAIL: 'you@example.com',
  };
  const git = async (...args: string[]) => run('git', ['-C', directory, ...args], { env, maxBuffer: 1 << 26 });
  await git('init', '--quiet', '--initial-branch=main');
  await git('remote', 'add', 'origin', remote);
  return {
    directory,
    git,
    async commit(message, files) {
      for (const [name, content] of Object.entries(files)) {
        if (content === undefined) await rm(path.join(directory, name));
        else await writeFile(path.join(directory, name), content);
      }
      await git('add', '--all');
      await git('commit', '--quiet', '--allow-empty', '--message', message);
      return (await git('rev-parse', 'HEAD')).stdout.trim();
    },
    remove: () => rm(directory, { recursive: true, force: true }),
  };
}

/** What tests read from an event by name; the rest they match as an object. */
export interface ReceivedPayload {
  readonly ref: string;
  readonly after: string;
  readonly commits: readonly { readonly id: string }[];
  readonly repository: { readonly id: number; readonly pushed_at: number };
  readonly [field: string]: unknown;
}

export interface ReceivedWebhook {
  readonly event: string;
  readonly guid: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly payload: ReceivedPayload;
  /** Whether `X-Hub-Signature-256` is right for the exact body. */
  readonly signed: boolean;
}

export interface WebhookReceiver {
  readonly url: string;
  readonly secret: string;
  readonly received: readonly ReceivedWebhook[];
  /** The next answer: a status, or a promise of one to keep GitHub waiting. */
  answer: () => number | Promise<number>;
  /** Waits for this many pushes, and returns them. */
  pushes(count: number): Promise<ReceivedWebhook[]>;
  close(): Promise<void>;
}

export async function startWebhookReceiver(secret = 'a secret of the webhook'): Promise<WebhookReceiver> {
  const received: ReceivedWebhook[] = [];
  const server = createServer(async (request, response) => {
    const body = await readBody(request, 32 * 1024 * 1024);
    const headers = Object.fromEntries(Object.entries(request.headers).map(([name, value]) => [name, String(value)]));
    received.push({
      event: headers['x-github-event'] ?? '',
      guid: headers['x-github-delivery'] ?? '',
      headers,
      payload: JSON.parse(body.toString()) as ReceivedPayload,
      signed: headers['x-hub-signature-256'] === `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`,
    });
    response.writeHead(await receiver.answer(), { 'x-answered-by': 'receiver' }).end('noted');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const pushes = () => received.filter(({ event }) => event === 'push');
  const receiver: WebhookReceiver = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/webhooks/1`,
    secret,
    received,
    answer: () => 202,
    async pushes(count) {
      await vi.waitUntil(() => pushes().length >= count, PATIENCE);
      return pushes();
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  return receiver;
}

/** Makes the emulator send the pushes of a repository to the receiver; returns the hook's id. */
export async function listenToPushes(
  github: RunningGithub,
  fullName: string,
  receiver: Pick<WebhookReceiver, 'url' | 'secret'>,
): Promise<number> {
  const config = { url: receiver.url, content_type: 'json', secret: receiver.secret };
  const body = JSON.stringify({ name: 'web', events: ['push'], config });
  const answer = await github.api(`/repos/${fullName}/hooks`, { method: 'POST', body });
  if (answer.status !== 201) throw new Error(`no hook: ${answer.status} ${await answer.text()}`);
  return ((await answer.json()) as { id: number }).id;
}
