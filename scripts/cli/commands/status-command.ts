import type { Deployment } from '@miaobu/shared/contracts/shown-deployment';
import { exitCodes } from '../cli-error.ts';
import type { Command, CommandContext } from '../command.ts';
import { shortSha, statusNote, statusStyle } from '../printing/deployment-words.ts';
import { printableText, shortened } from '../printing/printable-text.ts';
import { timeAgo } from '../printing/time-words.ts';
import { projectHere } from '../project-here.ts';

const LABEL_WIDTH = 13;
const MESSAGE_WIDTH = 60;

function describe({ terminal, world }: CommandContext, deployment: Deployment | undefined): string {
  if (!deployment) return terminal.paint('dim', 'none');
  const { id, status, environment, commit_sha, commit_message, created_at } = deployment;
  const lines = [
    `${terminal.paint(statusStyle(status), status)} ${statusNote(deployment)}`.trimEnd(),
    `${shortSha(commit_sha)} ${shortened(commit_message ?? '', MESSAGE_WIDTH)}`.trimEnd(),
    terminal.paint('dim', `${id}, ${environment}, ${timeAgo(created_at, world.now())}`),
  ];
  return lines.join(`\n${' '.repeat(LABEL_WIDTH)}`);
}

export const statusCommand: Command = {
  summary: 'Shows what is live, and the newest deployment.',
  operands: ['[project]'],
  options: ['project'],
  examples: [['miaobu status', 'the project of this folder']],
  async run(context, [named]) {
    const { client, terminal, options } = context;
    const project = await projectHere(context, named ?? options.project);
    const params = { project: project.id };
    const [latest] = (await client('listDeployments', { params, query: { limit: 1 } })).data;
    const findDeployment = async (deployment: string) =>
      deployment === latest?.id ? latest : (await client('getDeployment', { params: { ...params, deployment } })).data;
    const currentId = project.current_deployment_id;
    const live = currentId === null ? undefined : await findDeployment(currentId);
    if (options.json) {
      terminal.json({ project, live: live ?? null, latest: latest ?? null });
      return exitCodes.done;
    }
    const row = (label: string, text: string) => terminal.line(terminal.paint('dim', label.padEnd(LABEL_WIDTH)) + text);
    row('Project', `${terminal.paint('bold', project.slug)} ${terminal.paint('dim', project.id)}`);
    row('Repository', `${project.repository} (${printableText(project.branch)})`);
    row('URL', project.url);
    row('Live', describe(context, live));
    if (latest && latest.id !== currentId) row('Newest', describe(context, latest));
    return exitCodes.done;
  },
};
