import path from 'node:path';
import { PASSED_TO_BUILDS } from '@miaobu/shared/contracts/build-job';
import { variableNameProblem } from '@miaobu/shared/kernel/variable-rules';
import type { Workspace } from '../source/workspace.ts';
import { findNpmConfiguration } from './find-program.ts';

/** Marks every process of a build, down to the last grandchild that did not clear its environment. */
export const RUN_MARK = 'MIAOBU_RUN';

/** Variables an operator may set for all builds of a machine, in upper or lower case. Nothing else is passed on. */
const PASSED_ON = new Set(['LANG', ...PASSED_TO_BUILDS].map((name) => name.toLowerCase()));

export interface BuildEnvironment {
  readonly variables: Readonly<Record<string, string>>;
  /** Names of the job's variables that were left out because they are reserved or invalid. */
  readonly refused: readonly string[];
}

/** What package managers are told about this machine, whoever starts them. */
export async function runnerVariables(
  runner: NodeJS.ProcessEnv,
  { programs }: Pick<Workspace, 'programs'>,
): Promise<Readonly<Record<string, string>>> {
  const passedOn = Object.entries(runner).filter(([name, value]) => PASSED_ON.has(name.toLowerCase()) && value);
  const programFolders = (runner.PATH ?? '/usr/local/bin:/usr/bin:/bin')
    .split(path.delimiter)
    .filter((folder) => path.isAbsolute(folder) && !folder.includes(`${path.sep}node_modules${path.sep}`));
  const npmConfiguration = await findNpmConfiguration(programFolders.join(path.delimiter));
  return {
    LANG: 'C.UTF-8',
    // Neither is useful to a build; both use the network.
    npm_config_audit: 'false',
    npm_config_update_notifier: 'false',
    npm_config_fund: 'false',
    ...(npmConfiguration ? { npm_config_globalconfig: npmConfiguration } : {}),
    // Only pip does not know the common name.
    ...(runner.SSL_CERT_FILE ? { PIP_CERT: runner.SSL_CERT_FILE } : {}),
    ...Object.fromEntries(passedOn as [string, string][]),
    PATH: [programs, ...programFolders].join(path.delimiter),
  };
}

/** The environment of the user's commands: a few lines of the runner's own, and the deployment's build variables. */
export async function buildEnvironment({
  runner,
  variables,
  workspace,
  mark,
}: {
  /** The runner's own environment. */
  runner: NodeJS.ProcessEnv;
  variables: Readonly<Record<string, string>>;
  workspace: Workspace;
  mark: string;
}): Promise<BuildEnvironment> {
  const allowed = Object.entries(variables).filter(
    ([name, value]) => variableNameProblem(name) === undefined && !value.includes('\0'),
  );
  const { PATH, ...ofRunner } = await runnerVariables(runner, workspace);
  return {
    refused: Object.keys(variables).filter((name) => !allowed.some(([it]) => it === name)),
    variables: {
      ...ofRunner,
      CI: '1',
      ...Object.fromEntries(allowed),
      ...(PATH === undefined ? {} : { PATH }),
      HOME: workspace.home,
      TMPDIR: workspace.temporary,
      [RUN_MARK]: mark,
    },
  };
}
