import type { Command } from './command.ts';
import { importRepository } from './import-repository.ts';
import { showDeployments } from './show-deployments.ts';
import { showLogs } from './show-logs.ts';
import { showProjects } from './show-projects.ts';
import { showStatus } from './show-status.ts';
import { showUser } from './show-user.ts';

export const commandTable: ReadonlyMap<string, Command> = new Map([
  ['import', importRepository],
  ['list', showProjects],
  ['status', showStatus],
  ['deployments', showDeployments],
  ['logs', showLogs],
  ['whoami', showUser],
]);
