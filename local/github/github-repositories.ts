import { randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, renameSync } from 'node:fs';
import path from 'node:path';
import { askGit, runGit } from './git-command.ts';
import type { GithubState } from './github-state.ts';
import type { GithubUsers } from './github-users.ts';

export interface GithubRepository {
  /** GitHub's numeric id: stable, never reused. */
  readonly id: number;
  readonly owner: string;
  readonly name: string;
  readonly defaultBranch: string;
  readonly createdAt: number;
  readonly pushedAt: number | undefined;
  /** Of the bare repository. */
  readonly directory: string;
}

export interface GithubRepositories {
  find(owner: string, name: string): GithubRepository | undefined;
  get(id: number): GithubRepository;
  all(): GithubRepository[];
  /** Creates it when it is missing. Throws `RangeError` for an unknown owner or a name that GitHub would refuse. */
  ensure(owner: string, name: string): Promise<GithubRepository>;
  /** An empty bare repository, shown to a client that is about to push to one that does not exist yet. */
  emptyDirectory(): Promise<string>;
}

/** GitHub's rule: 1 to 100 of `A-Z a-z 0-9 . - _`; `.git` at the end is not part of the name. */
export function isRepositoryName(name: string): boolean {
  return /^[\w.-]{1,100}$/.test(name) && name !== '.' && name !== '..' && !/\.(git|wiki)$/i.test(name);
}

export function createGithubRepositories(
  state: GithubState,
  stateDirectory: string,
  users: GithubUsers,
  now: () => number,
): GithubRepositories {
  const root = path.join(stateDirectory, 'repositories');
  mkdirSync(root, { recursive: true });

  const fromRow = (row: Record<string, unknown>): GithubRepository => ({
    id: Number(row.id),
    owner: String(row.owner),
    name: String(row.name),
    defaultBranch: String(row.default_branch),
    createdAt: Number(row.created_at),
    pushedAt: row.pushed_at === null ? undefined : Number(row.pushed_at),
    directory: path.join(root, `${Number(row.id)}.git`),
  });

  /** Renamed into place when it is complete, so that a kill leaves either nothing or a repository. */
  const initialise = async (directory: string) => {
    if (existsSync(directory)) return;
    const fresh = path.join(root, `new-${randomUUID()}`);
    await runGit(root, ['init', '--quiet', '--bare', '--template=', '--initial-branch=main', fresh]);
    try {
      renameSync(fresh, directory);
    } catch (error) {
      if (!existsSync(directory)) throw error;
    }
  };

  const find = (owner: string, name: string) => {
    const row = state.database.prepare('select * from repository where owner = ? and name = ?').get(owner, name);
    return row && fromRow(row);
  };

  return {
    find,
    get(id) {
      const row = state.database.prepare('select * from repository where id = ?').get(id);
      if (!row) throw new Error(`there is no repository ${id}`);
      return fromRow(row);
    },
    all: () => state.database.prepare('select * from repository order by owner, name').all().map(fromRow),
    async ensure(owner, name) {
      const user = users.withLogin(owner);
      if (!user) throw new RangeError(`GitHub emulator: nobody has the login ${JSON.stringify(owner)}`);
      if (!isRepositoryName(name)) throw new RangeError(`GitHub emulator: bad repository name ${JSON.stringify(name)}`);
      state.database
        .prepare('insert into repository (owner, name, created_at) values (?, ?, ?) on conflict do nothing')
        .run(user.login, name, now());
      const repository = find(owner, name);
      if (!repository) throw new Error(`${owner}/${name} is gone again`);
      await initialise(repository.directory);
      return repository;
    },
    async emptyDirectory() {
      const directory = path.join(root, 'empty.git');
      await initialise(directory);
      return directory;
    },
  };
}

/** Branches and tags of a repository: `refs/heads/main` → object id. */
export async function readRefs(directory: string): Promise<Map<string, string>> {
  const format = '--format=%(objectname) %(refname)';
  const output = (await runGit(directory, ['for-each-ref', format, 'refs/heads', 'refs/tags'])).toString();
  const lines = output.split('\n').filter((line) => line !== '');
  return new Map(lines.map((line) => [line.slice(41), line.slice(0, 40)]));
}

// What git's own check-ref-format refuses: with it, no revision expression (`main~3`, `@{-1}`, `:/text`) gets through.
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it must not contain.
const BAD_REF = /[\x00-\x20~^:?*[\\\x7f]|\.\.|@\{|\/\/|^[/.]|\/\.|[/.]$|\.lock(\/|$)/;

/** The commit of a branch, tag or (shortened) commit id, as GitHub's REST API looks a `ref` up. */
export async function resolveCommit(directory: string, ref: string): Promise<string | undefined> {
  if (ref === 'HEAD') return askGit(directory, ['rev-parse', '--verify', '--quiet', 'HEAD^{commit}']);
  if (ref === '' || BAD_REF.test(ref)) return undefined;
  const full = /^(refs\/)?(heads|tags)\//.test(ref) ? [`refs/${ref.replace(/^refs\//, '')}`] : [];
  const candidates = [...full, `refs/heads/${ref}`, `refs/tags/${ref}`];
  if (/^[0-9a-f]{7,40}$/.test(ref)) candidates.unshift(ref);
  for (const candidate of candidates) {
    const sha = await askGit(directory, ['rev-parse', '--verify', '--quiet', `${candidate}^{commit}`]);
    if (sha) return sha;
  }
  return undefined;
}
