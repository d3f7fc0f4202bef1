import { beginNewKeys } from './begin-new-keys.ts';
import { changeEnvironment } from './change-environment.ts';
import type { Command } from './command.ts';
import { deleteNamed } from './delete-named.ts';
import { deployAgain } from './deploy-again.ts';
import { deployHead } from './deploy-head.ts';
import { importEnvFile } from './import-env-file.ts';
import { importRepository } from './import-repository.ts';
import { inspectDeployment } from './inspect-deployment.ts';
import { linkFolder } from './link-folder.ts';
import { logIn } from './log-in.ts';
import { logOut } from './log-out.ts';
import { makeHook } from './make-hook.ts';
import { openSite } from './open-site.ts';
import { promoteComplete } from './promote-complete.ts';
import { pullEnvFile } from './pull-env-file.ts';
import { removeHook } from './remove-hook.ts';
import { removeVariable } from './remove-variable.ts';
import { revokeToken } from './revoke-token.ts';
import { rollBack } from './roll-back.ts';
import { setVariable } from './set-variable.ts';
import { showAnalysis } from './show-analysis.ts';
import { showEnvironments } from './show-environments.ts';
import { showHooks } from './show-hooks.ts';
import { showKeys } from './show-keys.ts';
import { showLogs } from './show-logs.ts';
import { showProjects } from './show-projects.ts';
import { showStatus } from './show-status.ts';
import { showTokens } from './show-tokens.ts';
import { showUsage } from './show-usage.ts';
import { showUser } from './show-user.ts';
import { showVariables } from './show-variables.ts';
import { stopDeployment } from './stop-deployment.ts';
import { switchStagingOff } from './switch-staging-off.ts';
import { switchStagingOn } from './switch-staging-on.ts';

interface CommandGroup {
  readonly title: string;
  /** By what is typed: a word, or two. */
  readonly commands: Readonly<Record<string, Command>>;
}

/** Every command, as the help shows them. */
export const commandGroups: readonly CommandGroup[] = [
  {
    title: 'Projects',
    commands: {
      import: importRepository,
      analyze: showAnalysis,
      link: linkFolder,
      list: showProjects,
      status: showStatus,
      open: openSite,
      delete: deleteNamed,
    },
  },
  {
    title: 'Deployments',
    commands: {
      deploy: deployHead,
      logs: showLogs,
      inspect: inspectDeployment,
      cancel: stopDeployment,
      redeploy: deployAgain,
      promote: promoteComplete,
      rollback: rollBack,
    },
  },
  {
    title: 'Settings',
    commands: {
      'env list': showVariables,
      'env set': setVariable,
      'env rm': removeVariable,
      'env import': importEnvFile,
      'env pull': pullEnvFile,
      environments: showEnvironments,
      'environments add': switchStagingOn,
      'environments set': changeEnvironment,
      'environments rm': switchStagingOff,
      'hooks list': showHooks,
      'hooks create': makeHook,
      'hooks rm': removeHook,
    },
  },
  {
    title: 'You',
    commands: {
      login: logIn,
      logout: logOut,
      whoami: showUser,
      usage: showUsage,
      'tokens list': showTokens,
      'tokens revoke': revokeToken,
    },
  },
  {
    title: 'Platform',
    commands: {
      'keys status': showKeys,
      'keys rotate': beginNewKeys,
    },
  },
];

export const commandTable: ReadonlyMap<string, Command> = new Map(
  commandGroups.flatMap(({ commands }) => Object.entries(commands)),
);
