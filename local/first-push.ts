import { execFile } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { type ApiClient, ApiError, createClient } from '@miaobu/shared/contracts/client';
import type { Project } from '@miaobu/shared/contracts/projects';
import { StartError } from './start-error.ts';

const run = promisify(execFile);

const EXAMPLE_SLUG = 'hello';
const EXAMPLE_REPOSITORY = `dev/${EXAMPLE_SLUG}`;
const exampleSite = path.resolve(import.meta.dirname, '..', 'examples', 'plain-site');
const FIRST_COMMIT = '2026-01-01T00:00:00Z';
const POLL_MS = 50;
const PATIENCE_MS = 120_000;

export interface Addresses {
  readonly apiUrl: string;
  /** With credentials. */
  readonly gitUrl: string;
  readonly token: string;
}

/** Pushes the example site as a user would and returns the commit: the same one for the same files and date. */
async function pushExample(gitUrl: string, date: string): Promise<string> {
  const folder = mkdtempSync(path.join(tmpdir(), 'miaobu-example-'));
  const env = {
    PATH: process.env.PATH,
    HOME: folder,
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_TERMINAL_PROMPT: '0',
    GIT_AUTHOR_NAME: 'Miaobu',
    GIT_AUTHOR_EMAIL: 'miaobu@localhost',
    GIT_AUTHOR_DATE: date,
    GIT_COMMITTER_NAME: 'Miaobu',
    GIT_COMMITTER_EMAIL: 'miaobu@localhost',
    GIT_COMMITTER_DATE: date,
  };
  const git = async (...args: string[]) => {
    try {
      return (await run('git', args, { cwd: folder, env })).stdout.trim();
    } catch (error) {
      const { stderr, message } = error as Error & { stderr?: string };
      throw new StartError(`git ${args[0]} of the example site failed: ${(stderr || message).trim()}`);
    }
  };
  try {
    cpSync(exampleSite, folder, { recursive: true });
    await git('init', '-q', '-b', 'main');
    await git('add', '.');
    await git('commit', '-q', '-m', 'My first site on Miaobu');
    await git('push', '-q', '--force', `${gitUrl}/${EXAMPLE_REPOSITORY}.git`, 'main');
    return await git('rev-parse', 'HEAD');
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The status of a site's front page. `*.localhost` is found by browsers and curl, not by Node: the name goes into `Host`. */
function statusOf(url: string): Promise<number> {
  const { hostname, host, port, pathname } = new URL(url);
  return new Promise((resolve, reject) => {
    const asked = request(
      { host: '127.0.0.1', port, path: pathname, headers: { host }, setHost: false },
      (response) => {
        response.resume();
        response.once('end', () => resolve(response.statusCode ?? 0));
      },
    );
    asked.once('error', (cause) => reject(new Error(`${hostname} does not answer`, { cause })));
    asked.end();
  });
}

async function findExample(api: ApiClient): Promise<Project | undefined> {
  try {
    return (await api('getProject', { params: { project: EXAMPLE_SLUG } })).data;
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return undefined;
    throw error;
  }
}

/** The commit that an interrupted start left to be deployed. */
async function commitUnderWay(api: ApiClient, project: string): Promise<string | undefined> {
  const { data } = await api('listDeployments', { params: { project }, query: { limit: 1 } });
  const [newest] = data;
  return newest?.status === 'failed' || newest?.status === 'cancelled' ? undefined : (newest?.commit_sha ?? undefined);
}

/**
 * Makes sure that there has been a live site to look at: until then, the example is pushed through the whole path. Returns its URL
 * once a visitor gets it. What happens to it later is not checked.
 */
export async function firstPush({ apiUrl, gitUrl, token }: Addresses): Promise<string> {
  const api = createClient({ origin: apiUrl, token });
  const known = await findExample(api);
  if (known?.current_deployment_id) return known.url;
  const commit =
    (known && (await commitUnderWay(api, known.id))) ??
    // Pushing the same commit again would not be a push.
    (await pushExample(gitUrl, known ? new Date().toISOString() : FIRST_COMMIT));
  const { id, url } = known ?? (await api('createProject', { body: { repo: EXAMPLE_REPOSITORY } })).data;
  for (const end = Date.now() + PATIENCE_MS; Date.now() < end; await delay(POLL_MS)) {
    const { data } = await api('listDeployments', { params: { project: id }, query: { limit: 20 } });
    const ours = data.find(({ commit_sha }) => commit_sha === commit);
    if (ours?.status === 'failed' || ours?.status === 'cancelled') {
      throw new StartError(`the example site did not deploy: ${ours.reason_message ?? ours.reason ?? ours.status}`);
    }
    if (ours?.status === 'deployed' && (await statusOf(url)) === 200) return url;
  }
  throw new StartError(`the example site is not live after ${PATIENCE_MS / 1000} seconds; the logs say why`);
}
