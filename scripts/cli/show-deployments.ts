import type { Deployment } from '@miaobu/shared/contracts/deployments';
import { CliError, exitCodes } from './cli-error.ts';
import type { Command } from './command.ts';
import { localTime, shortSha, statusStyle } from './deployment-words.ts';
import { everyPage } from './every-page.ts';
import { printableText, shortened } from './printable-text.ts';

const DEFAULT_LIMIT = 20;
const MESSAGE_WIDTH = 50;

function readLimit(text: string | undefined): number {
  if (text === undefined) return DEFAULT_LIMIT;
  if (!/^[1-9]\d{0,5}$/.test(text))
    throw new CliError(exitCodes.usage, `--limit must be a number from 1 on, not "${text}".`);
  return Number(text);
}

const row = ({ id, status, current, environment, branch, commit_sha, commit_message, created_at }: Deployment) => [
  id,
  { text: current ? `${status}, live` : status, style: statusStyle(status) },
  environment,
  printableText(branch),
  shortSha(commit_sha),
  localTime(created_at),
  shortened(commit_message ?? '', MESSAGE_WIDTH),
];

export const showDeployments: Command = {
  summary: 'Lists the deployments of a project, newest first.',
  operands: ['<project>'],
  options: ['limit'],
  async run({ client, terminal, options }, [project = '']) {
    const limit = readLimit(options.limit);
    const params = { project };
    const deployments = await everyPage((query) => client('listDeployments', { params, query }), { limit });
    if (options.json) terminal.json(deployments);
    else if (deployments.length === 0) terminal.line('No deployments yet.');
    else {
      const heading = ['DEPLOYMENT', 'STATUS', 'ENVIRONMENT', 'BRANCH', 'COMMIT', 'CREATED', 'MESSAGE'];
      terminal.table(heading, deployments.map(row));
    }
    return exitCodes.done;
  },
};
