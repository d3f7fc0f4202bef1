import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';
import type { World } from './command.ts';

const run = promisify(execFile);

async function git({ folder, environment }: Pick<World, 'folder' | 'environment'>, ...args: string[]) {
  try {
    // Of the person's configuration nothing is needed, and nothing of it may answer in our place.
    const env = { PATH: environment.PATH, HOME: environment.HOME, GIT_TERMINAL_PROMPT: '0', GIT_OPTIONAL_LOCKS: '0' };
    const { stdout } = await run('git', args, { cwd: folder, env });
    return stdout.trim();
  } catch {
    // No repository, no such thing in it, or no git.
    return undefined;
  }
}

export interface GitFolder {
  /** The addresses of its remotes, `origin` first. */
  readonly remotes: readonly string[];
  /** Where in the repository the person is; empty at its root. */
  readonly path: string;
  /** The project that `link` chose. */
  readonly linked: string | undefined;
}

const LINK = 'miaobu.project';

/** The git repository that the person is in, if any. */
export async function gitHere(world: World): Promise<GitFolder | undefined> {
  const root = await git(world, 'rev-parse', '--show-toplevel');
  if (root === undefined) return undefined;
  const prefix = (await git(world, 'rev-parse', '--show-prefix')) ?? '';
  const names = ((await git(world, 'remote')) ?? '').split('\n').filter((name) => name !== '');
  const ordered = names.toSorted((a, b) => Number(b === 'origin') - Number(a === 'origin'));
  const remotes: string[] = [];
  for (const name of ordered) remotes.push((await git(world, 'remote', 'get-url', name)) ?? '');
  const linked = await git(world, 'config', '--local', '--get', LINK);
  return { remotes, path: prefix.replace(/\/$/, ''), linked: linked || undefined };
}

/** Keeps the project of this repository in its own `.git/config`, which is never committed. */
export const linkHere = async (world: World, project: string): Promise<boolean> =>
  (await git(world, 'config', '--local', LINK, project)) !== undefined;

/** The whole id of a commit that is named in any of git's ways. */
export const commitHere = (world: World, name: string) =>
  name.startsWith('-') ? undefined : git(world, 'rev-parse', '--verify', '--quiet', `${name}^{commit}`);

/** `owner/name` of a remote's address (`https://…`, `ssh://…`, `git@host:…`); undefined for what is no code host's. */
export function repositoryOf(remote: string): string | undefined {
  const scp = /^(?:[^@/]+@)?[^:/]+:(?!\/\/)(.+)$/.exec(remote)?.[1];
  const pathname = scp ?? URL.parse(remote)?.pathname;
  if (pathname === undefined || URL.parse(remote)?.protocol === 'file:') return undefined;
  const [name, owner] = path.posix
    .normalize(pathname)
    .replace(/\/+$/, '')
    .replace(/\.git$/, '')
    .split('/')
    .reverse();
  return owner && name ? `${owner}/${name}` : undefined;
}
