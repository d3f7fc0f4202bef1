import { isUnder, matchesPathPattern, plainPath } from '@miaobu/shared/kernel/path-pattern';
import { skipMarkerIn } from '@miaobu/shared/kernel/skip-marker';
import type { BranchStanding } from '@miaobu/shared/model/delivery/push-repository';
import { isDecided } from '@miaobu/shared/model/environment/is-decided';
import type { Project } from '@miaobu/shared/model/project/project';
import type { GithubPush } from './github-push.ts';
import { isBuiltOrPending } from './is-built-or-pending.ts';

/** GitHub lists at most this many commits of a push, and files of a commit (docs.github.com, `push`). */
const COMMITS_LISTED = 2048;
const FILES_LISTED = 3000;

export interface Skip {
  readonly note: string;
  /** Whether the push, or what was skipped before it, changes what the project watches, or may. */
  readonly changes: boolean;
}

/**
 * Why a push is not deployed, or undefined when it is. Only a push that continues from a head of which we have decided may be skipped: if
 * the push before it was lost, its content is in this one, and a force push takes away what was deployed. Its head commit may ask for it;
 * otherwise nothing that the project watches may have changed since the newest deployment of the branch, whose content must be live or on
 * its way. Changes that are unknown are deployed.
 */
export function whySkipped(
  push: GithubPush,
  project: Pick<Project, 'rootDirectory' | 'watchPaths'>,
  { environment, newestOfBranch }: Pick<BranchStanding, 'environment' | 'newestOfBranch'>,
): Skip | undefined {
  if (push.forced || !isDecided(environment, newestOfBranch, push.before)) return undefined;
  const isWatched = watchOf(project);
  const hasSkippedChanges = push.before === environment.skippedSha && environment.skippedChanges;
  const changes = hasSkippedChanges || (changedFiles(push)?.some(isWatched) ?? true);
  const marker = skipMarkerIn(push.head_commit?.message ?? '');
  if (marker !== undefined) return { note: `the commit’s message says ${marker}`, changes };
  if (changes || !newestOfBranch || !isBuiltOrPending(newestOfBranch)) return undefined;
  const note = project.watchPaths
    ? 'nothing changed that the project watches'
    : `nothing changed under ${project.rootDirectory}`;
  return { note, changes };
}

function watchOf({ rootDirectory, watchPaths }: Pick<Project, 'rootDirectory' | 'watchPaths'>) {
  if (watchPaths) return (file: string) => watchPaths.some((pattern) => matchesPathPattern(pattern, file));
  const root = plainPath(rootDirectory);
  return (file: string) => isUnder(root, file);
}

/** The files that a push changes; undefined when its lists are incomplete or empty. */
function changedFiles({ created, commits }: GithubPush): string[] | undefined {
  if (created || !commits || commits.length >= COMMITS_LISTED) return undefined;
  const lists = commits.map(
    ({ added, removed, modified }) => added && removed && modified && [...added, ...removed, ...modified],
  );
  const complete = lists.filter((list) => list !== undefined && list.length < FILES_LISTED) as string[][];
  const files = complete.length === lists.length ? complete.flat() : [];
  // Pushing an empty commit is a way to request a deployment.
  return files.length === 0 ? undefined : files;
}
