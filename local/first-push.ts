import { execFile } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { createClient } from '@miaobu/shared/contracts/client';
import { StartError } from './start-error.ts';

const run = promisify(execFile);

export const EXAMPLE_SLUG = 'hello';
const EXAMPLE_REPOSITORY = `dev/${EXAMPLE_SLUG}`;
const exampleSite = path.resolve(import.meta.dirname, '..', 'examples', 'plain-site');
/** A fixed commit, so that pushing the same files again is no push. */
const COMMIT_DATE = '2026-01-01T00:00:00Z';
const POLL_MS = 50;
const PATIENCE_MS = 60_000;

export interface Addresses {
  readonly apiUrl: string;
  /** With credentials. */
  readonly gitUrl: string;
  readonly token: string;
}

/** Pushes the example site as a user would: git, then an import over the API. */
async function pushExample(gitUrl: string): Promise<void> {
  const folder = mkdtempSync(path.join(tmpdir(), 'miaobu-example-'));
  const env = {
    PATH: process.env.PATH,
    HOME: folder,
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_TERMINAL_PROMPT: '0',
    GIT_AUTHOR_NAME: 'Miaobu',
    GIT_AUTHOR_EMAIL: 'miaobu@localhost',
    GIT_AUTHOR_DATE: COMMIT_DATE,
    GIT_COMMITTER_NAME: 'Miaobu',
    GIT_COMMITTER_EMAIL: 'miaobu@localhost',
    GIT_COMMITTER_DATE: COMMIT_DATE,
  };
  const git = (...args: string[]) => run('git', args, { cwd: folder, env });
  try {
    cpSync(exampleSite, folder, { recursive: true });
    await git('init', '-q', '-b', 'main');
    await git('add', '.');
    await git('commit', '-q', '-m', 'My first site on Miaobu');
    await git('push', '-q', '--force', `${gitUrl}/${EXAMPLE_REPOSITORY}.git`, 'main');
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

/**
 * Makes sure that there is a live site to look at: on the first start the example is pushed through the whole path. Returns its URL once
 * a visitor gets it.
 */
export async function firstPush({ apiUrl, gitUrl, token }: Addresses): Promise<string> {
  const api = createClient({ origin: apiUrl, token });
  const { data: projects } = await api('listProjects', { query: { limit: 100 } });
  let project = projects.find(({ repository }) => repository === EXAMPLE_REPOSITORY);
  if (!project) {
    await pushExample(gitUrl);
    ({ data: project } = await api('createProject', { body: { repo: EXAMPLE_REPOSITORY } }));
  }
  const params = { project: project.id };
  for (const end = Date.now() + PATIENCE_MS; Date.now() < end; await delay(POLL_MS)) {
    const { data } = await api('listDeployments', { params, query: { limit: 1 } });
    const [newest] = data;
    if (newest?.status === 'failed' || newest?.status === 'cancelled') {
      throw new StartError(
        `the example site did not deploy: ${newest.reason_message ?? newest.reason ?? newest.status}`,
      );
    }
    if (newest?.status === 'deployed' && (await statusOf(project.url)) === 200) return project.url;
  }
  throw new StartError(`the example site is not live after ${PATIENCE_MS / 1000} seconds; the logs say why`);
}
