import type { Command } from './command.ts';
import { analyzeCommand } from './commands/analyze-command.ts';
import { cancelCommand } from './commands/cancel-command.ts';
import { deleteCommand } from './commands/delete-command.ts';
import { deployCommand } from './commands/deploy-command.ts';
import { envImportCommand } from './commands/env-import-command.ts';
import { envListCommand } from './commands/env-list-command.ts';
import { envPullCommand } from './commands/env-pull-command.ts';
import { envRmCommand } from './commands/env-rm-command.ts';
import { envSetCommand } from './commands/env-set-command.ts';
import { environmentsAddCommand } from './commands/environments-add-command.ts';
import { environmentsCommand } from './commands/environments-command.ts';
import { environmentsRmCommand } from './commands/environments-rm-command.ts';
import { environmentsSetCommand } from './commands/environments-set-command.ts';
import { hooksCreateCommand } from './commands/hooks-create-command.ts';
import { hooksListCommand } from './commands/hooks-list-command.ts';
import { hooksRmCommand } from './commands/hooks-rm-command.ts';
import { importCommand } from './commands/import-command.ts';
import { inspectCommand } from './commands/inspect-command.ts';
import { keysRotateCommand } from './commands/keys-rotate-command.ts';
import { keysStatusCommand } from './commands/keys-status-command.ts';
import { linkCommand } from './commands/link-command.ts';
import { listCommand } from './commands/list-command.ts';
import { loginCommand } from './commands/login-command.ts';
import { logoutCommand } from './commands/logout-command.ts';
import { logsCommand } from './commands/logs-command.ts';
import { openCommand } from './commands/open-command.ts';
import { projectCommand } from './commands/project-command.ts';
import { projectSetCommand } from './commands/project-set-command.ts';
import { promoteCommand } from './commands/promote-command.ts';
import { redeployCommand } from './commands/redeploy-command.ts';
import { rollbackCommand } from './commands/rollback-command.ts';
import { statusCommand } from './commands/status-command.ts';
import { tokensListCommand } from './commands/tokens-list-command.ts';
import { tokensRevokeCommand } from './commands/tokens-revoke-command.ts';
import { usageCommand } from './commands/usage-command.ts';
import { webhookCommand } from './commands/webhook-command.ts';
import { webhookRotateCommand } from './commands/webhook-rotate-command.ts';
import { whoamiCommand } from './commands/whoami-command.ts';

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
      import: importCommand,
      analyze: analyzeCommand,
      link: linkCommand,
      list: listCommand,
      status: statusCommand,
      open: openCommand,
      delete: deleteCommand,
    },
  },
  {
    title: 'Deployments',
    commands: {
      deploy: deployCommand,
      logs: logsCommand,
      inspect: inspectCommand,
      cancel: cancelCommand,
      redeploy: redeployCommand,
      promote: promoteCommand,
      rollback: rollbackCommand,
    },
  },
  {
    title: 'Settings',
    commands: {
      project: projectCommand,
      'project set': projectSetCommand,
      'env list': envListCommand,
      'env set': envSetCommand,
      'env rm': envRmCommand,
      'env import': envImportCommand,
      'env pull': envPullCommand,
      environments: environmentsCommand,
      'environments add': environmentsAddCommand,
      'environments set': environmentsSetCommand,
      'environments rm': environmentsRmCommand,
      'hooks list': hooksListCommand,
      'hooks create': hooksCreateCommand,
      'hooks rm': hooksRmCommand,
      webhook: webhookCommand,
      'webhook rotate': webhookRotateCommand,
    },
  },
  {
    title: 'You',
    commands: {
      login: loginCommand,
      logout: logoutCommand,
      whoami: whoamiCommand,
      usage: usageCommand,
      'tokens list': tokensListCommand,
      'tokens revoke': tokensRevokeCommand,
    },
  },
  {
    title: 'Platform',
    commands: {
      'keys status': keysStatusCommand,
      'keys rotate': keysRotateCommand,
    },
  },
];

export const commandTable: ReadonlyMap<string, Command> = new Map(
  commandGroups.flatMap(({ commands }) => Object.entries(commands)),
);
