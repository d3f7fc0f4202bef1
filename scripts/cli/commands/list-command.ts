import type { Deployment, DeploymentStatus } from '@miaobu/shared/contracts/shown-deployment';
import { deploymentStatuses } from '@miaobu/shared/contracts/shown-deployment';
import { CliError, type ExitCode, exitCodes } from '../cli-error.ts';
import type { Command, CommandContext } from '../command.ts';
import { everyPage } from '../every-page.ts';
import { nearestName } from '../nearest-name.ts';
import { shortSha, statusStyle } from '../printing/deployment-words.ts';
import { printableText, shortened } from '../printing/printable-text.ts';
import { timeAgo } from '../printing/time-words.ts';
import { projectHere } from '../project-here.ts';

const DEFAULT_LIMIT = 20;
const MESSAGE_WIDTH = 50;

export function readLimit(text: string | undefined, otherwise: number | undefined): number | undefined {
  if (text === undefined) return otherwise;
  if (!/^[1-9]\d{0,5}$/.test(text))
    throw new CliError(exitCodes.usage, `--limit must be a whole number above 0, not "${text}".`);
  return Number(text);
}

function readStatus(text: string | undefined): DeploymentStatus | undefined {
  const status = deploymentStatuses.find((each) => each === text);
  if (status !== undefined || text === undefined) return status;
  const near = nearestName(text, deploymentStatuses);
  const hint = near ? `Did you mean ${near}?` : `Use one of ${deploymentStatuses.join(', ')}.`;
  throw new CliError(exitCodes.usage, `There is no status "${text}". ${hint}`);
}

async function listProjects({ client, terminal, options }: CommandContext): Promise<ExitCode> {
  const limit = readLimit(options.limit, undefined);
  const projects = await everyPage((query) => client('listProjects', { query }), { limit });
  if (options.json) terminal.json(projects);
  else if (projects.length === 0) terminal.line('No projects yet. Create one with: miaobu import owner/name');
  else {
    terminal.table(
      ['PROJECT', 'REPOSITORY', 'BRANCH', 'LIVE', 'URL'],
      projects.map(({ slug, repository, branch, current_deployment_id, url }) => [
        { text: slug, style: 'bold' },
        repository,
        printableText(branch),
        current_deployment_id === null ? { text: 'no', style: 'dim' } : { text: 'yes', style: 'green' },
        url,
      ]),
    );
  }
  return exitCodes.done;
}

const rowOf = (now: Date) => (deployment: Deployment) => [
  deployment.id,
  {
    text: deployment.current ? `${deployment.status}, live` : deployment.status,
    style: statusStyle(deployment.status),
  },
  deployment.environment,
  printableText(deployment.branch ?? ''),
  shortSha(deployment.commit_sha),
  timeAgo(deployment.created_at, now),
  shortened(deployment.commit_message ?? '', MESSAGE_WIDTH),
];

async function listDeployments(context: CommandContext, named: string | undefined): Promise<ExitCode> {
  const { client, terminal, options, world } = context;
  const limit = readLimit(options.limit, DEFAULT_LIMIT);
  const filters = { environment: options.environment, branch: options.branch, status: readStatus(options.status) };
  const { slug } = await projectHere(context, named);
  const deployments = await everyPage(
    (query) => client('listDeployments', { params: { project: slug }, query: { ...query, ...filters } }),
    { limit },
  );
  if (options.json) terminal.json(deployments);
  else if (deployments.length === 0) terminal.line(`${slug} has no matching deployments.`);
  else {
    const heading = ['DEPLOYMENT', 'STATUS', 'ENVIRONMENT', 'BRANCH', 'COMMIT', 'CREATED', 'MESSAGE'];
    terminal.table(heading, deployments.map(rowOf(world.now())));
  }
  return exitCodes.done;
}

export const listCommand: Command = {
  summary: 'Lists your projects, or the deployments of one.',
  more: 'With a project or a filter: its deployments, newest first.',
  operands: ['[project]'],
  options: ['project', 'environment', 'branch', 'status', 'limit'],
  optionHelp: {
    environment: 'only this environment',
    limit: 'how many; default: every project, 20 deployments',
  },
  examples: [
    ['miaobu list', 'your projects'],
    ['miaobu list my-site -n 5', 'its five newest deployments'],
    ['miaobu list --status failed', 'failed deployments of this folder’s project'],
  ],
  async run(context, [named]) {
    const { project, environment, branch, status } = context.options;
    if (named !== undefined && project !== undefined && named !== project) {
      throw new CliError(exitCodes.usage, 'Name one project, not two.');
    }
    const isOfOne = [named, project, environment, branch, status].some((each) => each !== undefined);
    return isOfOne ? listDeployments(context, named ?? project) : listProjects(context);
  },
};
