import { isUnder, matchesPathPattern, plainPath } from '@miaobu/shared/kernel/path-pattern';
import { skipMarkerIn } from '@miaobu/shared/kernel/skip-marker';
import type { Deployment } from '@miaobu/shared/model/deployment/deployment';
import type { Project } from '@miaobu/shared/model/project/project';
import type { GithubPush } from './github-push.ts';

/** GitHub's limits: it lists no more commits of a push, and no more files of a commit (docs.github.com, `push`). */
const COMMITS_LISTED = 2048;
const FILES_LISTED = 3000;

/** What is known of the branch before the push. */
export interface KnownHead {
  /** The newest deployment that came from the branch. */
  readonly newest: Pick<Deployment, 'commitSha' | 'status'> | undefined;
  readonly skippedSha: string | null;
}

/**
 * Why a push is not to be deployed, or undefined when it is: its head says so, or it changes nothing that the project watches. A
 * push that does not tell what it changes is deployed.
 */
export function whySkipped(
  push: GithubPush,
  project: Pick<Project, 'rootDirectory' | 'watchPaths'>,
  known: KnownHead,
): string | undefined {
  const marker = skipMarkerIn(push.head_commit?.message ?? '');
  if (marker !== undefined) return `the commit’s message says ${marker}`;
  const isWatched = watchOf(project);
  const files = isWatched && continues(push, known) ? changedFiles(push) : undefined;
  if (!isWatched || !files || files.some(isWatched)) return undefined;
  return project.watchPaths
    ? 'nothing changed that the project watches'
    : `nothing changed under ${project.rootDirectory}`;
}

/** Undefined: everything is watched. */
function watchOf({ rootDirectory, watchPaths }: Pick<Project, 'rootDirectory' | 'watchPaths'>) {
  if (watchPaths) return (file: string) => watchPaths.some((pattern) => matchesPathPattern(pattern, file));
  const root = plainPath(rootDirectory);
  return root === '' ? undefined : (file: string) => isUnder(root, file);
}

/**
 * Whether the push goes on from a head that we took. If it does not, a push before it was lost, or what it held is not live, and
 * its changes are not among those that this push lists.
 */
function continues({ before }: GithubPush, { newest, skippedSha }: KnownHead): boolean {
  if (before === skippedSha) return true;
  return before === newest?.commitSha && newest.status !== 'failed' && newest.status !== 'cancelled';
}

/** The files that a push changes; undefined when its lists are not the whole truth, or hold nothing at all. */
function changedFiles({ created, forced, commits }: GithubPush): string[] | undefined {
  if (created || forced || !commits || commits.length >= COMMITS_LISTED) return undefined;
  const lists = commits.map(
    ({ added, removed, modified }) => added && removed && modified && [...added, ...removed, ...modified],
  );
  const complete = lists.filter((list) => list !== undefined && list.length < FILES_LISTED) as string[][];
  const files = complete.length === lists.length ? complete.flat() : [];
  // An empty commit is how people ask for a deployment.
  return files.length === 0 ? undefined : files;
}
