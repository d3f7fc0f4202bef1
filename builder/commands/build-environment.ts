import { copyFile, link, realpath, stat, symlink } from 'node:fs/promises';
import path from 'node:path';
import { variableNameProblem } from '@miaobu/shared/kernel/variable-rules';
import type { Workspace } from '../source/workspace.ts';
import { type BuildUser, isReachableByAll } from './build-user.ts';
import { findNpmConfiguration } from './find-program.ts';

/** Marks every process of a build, down to the last grandchild that did not clear its environment. */
export const RUN_MARK = 'MIAOBU_RUN';

/** What an operator may set for all builds of a machine, in either case of letters. Nothing else is passed on. */
const PASSED_ON = new Set(
  ['LANG', 'npm_config_registry', 'HTTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY', 'SSL_CERT_FILE'].map((name) =>
    name.toLowerCase(),
  ),
);

/**
 * Puts the runner's own Node first on the build's PATH, in a folder with nothing else in it: what lies beside the
 * program it was started from (a checkout's node_modules/.bin, say) is not for builds.
 */
export async function provideNode({ programs }: Workspace): Promise<void> {
  const program = path.join(programs, 'node');
  const node = await realpath(process.execPath);
  if (await isReachableByAll(node)) return symlink(node, program);
  // A home folder closed to other users: the file itself can still be given to them.
  await link(node, program).catch(() => copyFile(node, program));
}

/** npm's cache of this machine, when the build can use it. */
async function usableCache(runner: NodeJS.ProcessEnv, user: BuildUser | undefined): Promise<Record<string, string>> {
  const folder = runner.npm_config_cache ?? runner.NPM_CONFIG_CACHE;
  if (!folder) return {};
  if (!user) return { npm_config_cache: folder };
  const state = await stat(folder).catch(() => undefined);
  const open = state !== undefined && (state.mode & 0o002) !== 0 && (await isReachableByAll(folder));
  return open ? { npm_config_cache: folder } : {};
}

export interface BuildEnvironment {
  readonly variables: Readonly<Record<string, string>>;
  /** Names of the job's variables that were left out because they are reserved or no names at all. */
  readonly refused: readonly string[];
}

/** The environment of the user's commands: a few lines of the runner's own, and the deployment's build variables. */
export async function buildEnvironment({
  runner,
  variables,
  workspace,
  user,
  mark,
}: {
  /** The runner's own environment. */
  runner: NodeJS.ProcessEnv;
  variables: Readonly<Record<string, string>>;
  workspace: Workspace;
  user: BuildUser | undefined;
  mark: string;
}): Promise<BuildEnvironment> {
  const passedOn = Object.entries(runner).filter(([name, value]) => PASSED_ON.has(name.toLowerCase()) && value);
  const allowed = Object.entries(variables).filter(
    ([name, value]) => variableNameProblem(name) === undefined && !value.includes('\0'),
  );
  const programFolders = (runner.PATH ?? '/usr/local/bin:/usr/bin:/bin')
    .split(path.delimiter)
    .filter((folder) => path.isAbsolute(folder) && !folder.includes(`${path.sep}node_modules${path.sep}`));
  const searchPath = [workspace.programs, ...programFolders].join(path.delimiter);
  const npmConfiguration = await findNpmConfiguration(searchPath);
  return {
    refused: Object.keys(variables).filter((name) => !allowed.some(([it]) => it === name)),
    variables: {
      LANG: 'C.UTF-8',
      CI: '1',
      // Neither serves a build; both ask the network.
      npm_config_audit: 'false',
      npm_config_update_notifier: 'false',
      npm_config_fund: 'false',
      ...(npmConfiguration ? { npm_config_globalconfig: npmConfiguration } : {}),
      ...Object.fromEntries(passedOn as [string, string][]),
      ...(await usableCache(runner, user)),
      ...Object.fromEntries(allowed),
      PATH: searchPath,
      HOME: workspace.home,
      TMPDIR: workspace.temporary,
      [RUN_MARK]: mark,
    },
  };
}
