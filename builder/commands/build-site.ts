import path from 'node:path';
import type { BuildJob } from '@miaobu/shared/contracts/build-job';
import type { DetectedBuild } from '@miaobu/shared/kernel/detect/detect-build';
import { appVariables } from '../app/app-variables.ts';
import { installPython, PYTHON_FOLDER } from '../app/install-python.ts';
import { BuildFailure } from '../build-failure.ts';
import type { CachePlace } from '../cache/package-cache.ts';
import type { LogShipper } from '../log/log-shipper.ts';
import type { Workspace } from '../source/workspace.ts';
import { buildEnvironment } from './build-environment.ts';
import { type BuildUser, chooseBuildUser } from './build-user.ts';
import { type InstallOptions, installPackages, installWithCache } from './install-dependencies.ts';
import { prepareTools } from './prepare-tools.ts';
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

/**
 * Runs the user's install and build. Returns the seconds spent in them and the user they ran as. Throws `BuildFailure`
 * when one fails. None of their processes is left when it returns or throws.
 */
export async function buildSite({
  plan,
  folder,
  job,
  cache: place,
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
  /** Where packages are kept from build to build. */
  cache: CachePlace | undefined;
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
  const environment = await buildEnvironment({ runner, variables: job.environment, workspace, mark });
  for (const name of environment.refused) log.line(`Note: the variable ${name} is left out: its name is reserved.`);
  const { cache, variables: ofTools } = await prepareTools({
    plan,
    folder,
    job,
    cache: place,
    workspace,
    user,
    log,
    signal,
    runner,
  });

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
  const { python, server } = plan;
  const programs = environment.variables.PATH ?? '';
  const searchPath = python ? [path.join(folder, PYTHON_FOLDER, 'bin'), programs].join(path.delimiter) : programs;
  const variables = {
    ...environment.variables,
    ...appVariables(plan, folder, (line) => log.line(line)),
    ...ofTools,
    PATH: searchPath,
  };
  const run = (command: string, environment: Readonly<Record<string, string>>, shown = command) => {
    log.line(`> ${shown}`);
    return runCommand(command, { cwd: folder, environment }, surroundings);
  };

  // With NODE_ENV=production package managers leave out the very packages that build the site.
  const installVariables = without(variables, 'NODE_ENV');
  async function runInstall(
    command: string,
    { count, shown = command, environment = {} }: InstallOptions = {},
  ): Promise<CommandResult> {
    const result = await run(command, { ...installVariables, ...environment }, shown);
    if (result.outcome === 'done') {
      const packages = count?.exec(result.output)?.[1];
      const what = packages === undefined ? 'dependencies' : `${packages} package${packages === '1' ? '' : 's'}`;
      log.line(`Installed ${what} in ${result.seconds.toFixed(1)} s`);
    }
    return result;
  }

  const say = (line: string) => log.line(line);
  const installed = await installWithCache({
    cache,
    lockfileUnfit: plan.manager?.manager.lockfileUnfit,
    run: runInstall,
    say,
    async install(run) {
      const { source, folder: workFolder } = workspace;
      const ofPython =
        python && server && plan.install.kind === 'managed'
          ? await installPython({
              ...{ python, version: server.version, folder, source, workFolder, say },
              // The repository's own programs run as its own user.
              searchPath: programs,
              run,
            })
          : undefined;
      if (ofPython && ofPython.result.outcome !== 'done') return ofPython;
      return (await installPackages({ plan, run, say })) ?? ofPython;
    },
  });
  if (installed && installed.result.outcome !== 'done') {
    throw failureOf('install_failed', installed.command, installed.result, limitSeconds);
  }

  if (plan.build !== undefined) {
    const result = await run(plan.build, variables);
    if (result.outcome !== 'done') throw failureOf('build_failed', plan.build, result, limitSeconds);
    log.line(`Build completed in ${result.seconds.toFixed(1)} s`);
  }
  return { seconds: (Date.now() - started) / 1000, user };
}
