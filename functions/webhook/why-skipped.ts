import { isUnder, matchesPathPattern, plainPath } from '@miaobu/shared/kernel/path-pattern';
import { skipMarkerIn } from '@miaobu/shared/kernel/skip-marker';
import type { Deployment } from '@miaobu/shared/model/deployment/deployment';
import type { Project } from '@miaobu/shared/model/project/project';
import type { GithubPush } from './github-push.ts';

/** GitHub lists at most this many commits of a push, and files of a commit (docs.github.com, `push`). */
const COMMITS_LISTED = 2048;
const FILES_LISTED = 3000;

/** What was known of the branch before the push. */
export interface KnownHead {
  /** The newest deployment of the branch. */
  readonly newest: Pick<Deployment, 'commitSha' | 'status'> | undefined;
  readonly skippedSha: string | null;
}

/**
 * Why a push is not deployed, or undefined when it is: its head commit asks for it, or nothing that the project watches changed. A push
 * whose changes are unknown is deployed.
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
 * Whether the push continues from a head that we accepted. Otherwise a previous push was lost, or its content is not live, and its
 * changes are not in this push's lists.
 */
function continues({ before }: GithubPush, { newest, skippedSha }: KnownHead): boolean {
  if (before === skippedSha) return true;
  return before === newest?.commitSha && newest.status !== 'failed' && newest.status !== 'cancelled';
}

/** The files that a push changes; undefined when its lists are incomplete or empty. */
function changedFiles({ created, forced, commits }: GithubPush): string[] | undefined {
  if (created || forced || !commits || commits.length >= COMMITS_LISTED) return undefined;
  const lists = commits.map(
    ({ added, removed, modified }) => added && removed && modified && [...added, ...removed, ...modified],
  );
  const complete = lists.filter((list) => list !== undefined && list.length < FILES_LISTED) as string[][];
  const files = complete.length === lists.length ? complete.flat() : [];
  // Pushing an empty commit is a way to request a deployment.
  return files.length === 0 ? undefined : files;
}
