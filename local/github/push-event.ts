import { type Commit, localTime, readChangedPaths, readCommits } from './commit-objects.ts';
import { askGit, runGit } from './git-command.ts';
import type { GithubRepository } from './github-repositories.ts';
import type { GithubUrls } from './github-urls.ts';
import { type GithubUser, type GithubUsers, noreplyAddress, userJson } from './github-users.ts';
import { pushedIdentityJson, pushedRepositoryJson } from './repository-json.ts';

/** What 40 zeros stand for in a push event: the ref does not exist. */
export const NO_OBJECT = '0'.repeat(40);
const COMMITS_OF_A_NEW_BRANCH = 20;
const COMMITS_OF_A_PUSH = 2048;

export interface RefChange {
  /** `refs/heads/main` or `refs/tags/v1`. */
  readonly ref: string;
  /** Object ids; `NO_OBJECT` when the ref did not or does not exist. */
  readonly before: string;
  readonly after: string;
}

export interface PushContext {
  readonly repository: GithubRepository;
  readonly pusher: GithubUser;
  readonly owner: GithubUser;
  readonly users: GithubUsers;
  readonly urls: GithubUrls;
  readonly pushedAt: number;
  /** All refs as they were before this push: they decide which commits are new to the repository. */
  readonly refsBefore: ReadonlyMap<string, string>;
}

/** A `push` event in GitHub's shape. Specified in GitHub's "Webhook events and payloads: push". */
export async function pushEvent(change: RefChange, context: PushContext) {
  const { ref, before, after } = change;
  const { repository, pusher, owner, users, urls, pushedAt, refsBefore } = context;
  const { directory } = repository;
  const created = before === NO_OBJECT;
  const deleted = after === NO_OBJECT;
  // A tag may name any object; only a commit has a history to tell.
  const tip = deleted ? undefined : await commitOf(directory, after);
  const base = created ? undefined : await commitOf(directory, before);
  const heads = [...refsBefore].filter(([name]) => name.startsWith('refs/heads/'));
  const known = heads.map(([, sha]) => sha);
  const isFresh = new Set(tip ? await listCommits(directory, tip, known) : []);
  const listed = base && tip ? await listCommits(directory, tip, [base]) : [...isFresh];
  const shown = new Set(listed.slice(base ? -COMMITS_OF_A_PUSH : -COMMITS_OF_A_NEW_BRANCH));

  const wanted = tip ? [...new Set([...shown, tip])] : [];
  const [commits, changedPaths] = await Promise.all([
    readCommits(directory, wanted),
    readChangedPaths(directory, wanted),
  ]);
  const json = (commit: Commit) => ({
    id: commit.sha,
    tree_id: commit.tree,
    distinct: isFresh.has(commit.sha),
    message: commit.message,
    timestamp: localTime(commit.committer),
    url: `${urls.page(repository)}/commit/${commit.sha}`,
    author: pushedIdentityJson(commit.author, users),
    committer: pushedIdentityJson(commit.committer, users),
    ...changedPaths.get(commit.sha),
  });
  const head = commits.find((commit) => commit.sha === tip);

  return {
    ref,
    before,
    after,
    repository: pushedRepositoryJson(repository, owner, urls, pushedAt),
    pusher: { name: pusher.login, email: pusher.email ?? noreplyAddress(pusher) },
    sender: userJson(pusher, urls.api),
    created,
    deleted,
    forced: !created && !deleted && !(await isAncestor(directory, before, after)),
    base_ref: created ? (heads.find(([, sha]) => sha === tip)?.[0] ?? null) : null,
    compare: `${urls.page(repository)}/compare/${before.slice(0, 12)}...${after.slice(0, 12)}`,
    commits: commits.filter((commit) => shown.has(commit.sha)).map(json),
    head_commit: head ? json(head) : null,
  };
}

const commitOf = (directory: string, object: string) =>
  askGit(directory, ['rev-parse', '--verify', '--quiet', `${object}^{commit}`]);

/** Commits that `tip` reaches and `known` do not, oldest first. */
async function listCommits(directory: string, tip: string, known: readonly string[]): Promise<string[]> {
  const revisions = [tip, ...known.map((sha) => `^${sha}`)].join('\n');
  const args = ['rev-list', '--topo-order', '--reverse', '--ignore-missing', '--stdin'];
  const output = (await runGit(directory, args, `${revisions}\n`)).toString();
  return output.split('\n').filter((line) => line !== '');
}

const isAncestor = async (directory: string, before: string, after: string) =>
  (await askGit(directory, ['merge-base', '--is-ancestor', before, after])) !== undefined;
