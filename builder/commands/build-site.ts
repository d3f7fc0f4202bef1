import path from 'node:path';
import type { BuildJob } from '@miaobu/shared/contracts/build-job';
import type { DetectedBuild } from '@miaobu/shared/kernel/detect/detect-build';
import { appVariables } from '../app/app-variables.ts';
import { installPython, PYTHON_FOLDER } from '../app/install-python.ts';
import { BuildFailure } from '../build-failure.ts';
import type { LogShipper } from '../log/log-shipper.ts';
import type { Workspace } from '../source/workspace.ts';
import { buildEnvironment, provideNode } from './build-environment.ts';
import { type BuildUser, chooseBuildUser } from './build-user.ts';
import { findProgram } from './find-program.ts';
import { installManager } from './install-manager.ts';
import { type CommandResult, type CommandSurroundings, runCommand } from './run-command.ts';

const LAST_LINES = 20;
const MESSAGE_LIMIT = 1900;

// biome-ignore lint/suspicious/noControlCharactersInRegex: an ANSI colour begins with one
const COLOURS = /\u001b\[[0-9;?]*[A-Za-z]/g;

function failureOf(
  code: 'install_failed' | 'build_failed',
  command: string,
  { outcome, ending, output }: CommandResult,
  limitSeconds: number,
): BuildFailure {
  if (outcome === 'timeout') {
    return new BuildFailure('build_timeout', `\`${command}\` was stopped: the limit is ${limitSeconds} s in all.`);
  }
  const lines = output.replace(COLOURS, '').trimEnd().split('\n').slice(-LAST_LINES).join('\n');
  return new BuildFailure(code, `\`${command}\` ${ending}.\n${lines.slice(-MESSAGE_LIMIT + command.length)}`.trim());
}

function without(variables: Readonly<Record<string, string>>, name: string) {
  const { [name]: _, ...rest } = variables;
  return rest;
}

function warnOfNodeVersion(asked: string | null, log: LogShipper) {
  const major = /\d+/.exec(asked ?? '')?.[0];
  if (major === undefined || process.version.startsWith(`v${major}.`)) return;
  log.line(`Note: the project asks for Node.js ${asked}; this runner builds with ${process.version}.`);
}

/**
 * Runs the user's install and build. Returns the seconds spent in them and the user they ran as. Throws `BuildFailure` when one fails. None of
 * their processes is left when it returns or throws.
 */
export async function buildSite({
  plan,
  folder,
  job,
  workspace,
  log,
  signal,
  mark,
  runner,
}: {
  plan: DetectedBuild;
  /** The project's root directory. */
  folder: string;
  job: Pick<BuildJob, 'environment' | 'limits' | 'settings'>;
  workspace: Workspace;
  log: LogShipper;
  signal: AbortSignal;
  mark: string;
  /** The runner's own environment. */
  runner: NodeJS.ProcessEnv;
}): Promise<{ seconds: number; user: BuildUser | undefined }> {
  const chosen = await chooseBuildUser(workspace);
  if (!chosen.user) log.line(`Note: the build runs as the runner's own user, because ${chosen.why}.`);
  const { user } = chosen;
  await provideNode(workspace);
  warnOfNodeVersion(job.settings.node_version, log);
  const environment = await buildEnvironment({ runner, variables: job.environment, workspace, user, mark });
  for (const name of environment.refused) log.line(`Note: the variable ${name} is left out: its name is reserved.`);

  const started = Date.now();
  const limitSeconds = job.limits.build_seconds;
  const surroundings: CommandSurroundings = {
    log,
    user,
    mark,
    signal,
    workFolder: workspace.folder,
    deadline: started + limitSeconds * 1000,
  };
  let searchPath = environment.variables.PATH ?? '';
  const run = (command: string, variables: Readonly<Record<string, string>>, cwd = folder) => {
    log.line(`> ${command}`);
    return runCommand(command, { cwd, environment: { ...variables, PATH: searchPath } }, surroundings);
  };
  const variables = { ...environment.variables, ...appVariables(plan, folder) };
  // With NODE_ENV=production package managers leave out the very packages that build the site.
  const installVariables = without(variables, 'NODE_ENV');

  async function install(command: string, count?: RegExp): Promise<CommandResult> {
    const result = await run(command, installVariables);
    if (result.outcome === 'done') {
      const packages = count?.exec(result.output)?.[1];
      const what = packages === undefined ? 'dependencies' : `${packages} package${packages === '1' ? '' : 's'}`;
      log.line(`Installed ${what} in ${result.seconds.toFixed(1)} s`);
    }
    return result;
  }

  if (plan.manager && !(await findProgram(plan.manager.manager.command, searchPath))) {
    const command = installManager(plan.manager, workspace.home);
    const result = await run(command, installVariables, workspace.home);
    if (result.outcome !== 'done') throw failureOf('install_failed', command, result, limitSeconds);
    searchPath = [path.join(workspace.home, 'node_modules', '.bin'), searchPath].join(path.delimiter);
  }

  const { python, server } = plan;
  if (python && server && plan.install.kind === 'managed') {
    const { source, folder: workFolder } = workspace;
    const { version } = server;
    const run = (command: string) => install(command);
    const done = await installPython({ python, version, folder, source, workFolder, searchPath, run, say: log.line });
    if (done && done.result.outcome !== 'done')
      throw failureOf('install_failed', done.command, done.result, limitSeconds);
  }
  if (python) searchPath = [path.join(folder, PYTHON_FOLDER, 'bin'), searchPath].join(path.delimiter);

  if (plan.install.kind === 'managed' && plan.manager) {
    const { manager, hasLockfile } = plan.manager;
    let command = hasLockfile ? manager.installLocked : manager.install;
    let result = await install(command, manager.installedCount);
    if (hasLockfile && result.outcome === 'failed' && manager.lockfileUnfit.test(result.output)) {
      log.line(`The lockfile does not fit package.json or this machine; trying \`${manager.install}\` instead.`);
      command = manager.install;
      result = await install(command, manager.installedCount);
    }
    if (result.outcome !== 'done') throw failureOf('install_failed', command, result, limitSeconds);
  } else if (plan.install.kind === 'command') {
    const result = await install(plan.install.command);
    if (result.outcome !== 'done') throw failureOf('install_failed', plan.install.command, result, limitSeconds);
  }

  if (plan.build !== undefined) {
    const result = await run(plan.build, variables);
    if (result.outcome !== 'done') throw failureOf('build_failed', plan.build, result, limitSeconds);
    log.line(`Build completed in ${result.seconds.toFixed(1)} s`);
  }
  return { seconds: (Date.now() - started) / 1000, user };
}
