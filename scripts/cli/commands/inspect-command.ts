import type { DeploymentEvent } from '@miaobu/shared/contracts/deployment-logs';
import type { Deployment } from '@miaobu/shared/contracts/shown-deployment';
import { exitCodes } from '../cli-error.ts';
import type { Command, CommandContext } from '../command.ts';
import { deploymentNamed } from '../deployment-named.ts';
import { everyPage } from '../every-page.ts';
import { statusNote, statusStyle } from '../printing/deployment-words.ts';
import { printableText, shortened } from '../printing/printable-text.ts';
import { sizeWords } from '../printing/size-words.ts';
import { localTime, timeAgo } from '../printing/time-words.ts';
import { projectHere } from '../project-here.ts';

const LABEL_WIDTH = 13;
const MESSAGE_WIDTH = 80;

function describe({ terminal, world }: CommandContext, deployment: Deployment) {
  const { status, environment, current, pinned, branch, commit_sha, commit_message, commit_author } = deployment;
  const row = (label: string, text: string) => terminal.line(terminal.paint('dim', label.padEnd(LABEL_WIDTH)) + text);
  const marks = [current ? ' (live)' : '', pinned ? ' (pinned)' : ''].join('');
  row('Deployment', terminal.paint('bold', deployment.id));
  row('Status', [terminal.paint(statusStyle(status), status + marks), statusNote(deployment)].join(' ').trimEnd());
  row('Environment', `${environment} ${deployment.url}`);
  if (branch !== null) row('Branch', printableText(branch));
  const message = shortened(commit_message ?? '', MESSAGE_WIDTH);
  row(commit_sha === null ? 'Upload' : 'Commit', `${commit_sha ?? 'a folder'} ${message}`.trimEnd());
  if (commit_author !== null) row('Author', shortened(commit_author, MESSAGE_WIDTH));
  row(
    'Created',
    `${localTime(deployment.created_at)} (${timeAgo(deployment.created_at, world.now())}) by ${deployment.trigger}`,
  );
  if (deployment.queue_position !== null) row('Queue', `position ${deployment.queue_position}`);
  if (deployment.build_seconds !== null)
    row('Build', `${deployment.build_seconds.toFixed(1)} s, attempt ${deployment.attempt}`);
  if (deployment.files !== null) row('Files', `${deployment.files}, ${sizeWords(deployment.bytes ?? 0)}`);
}

const eventRow = ({ created_at, kind, from_status, to_status, by, note }: DeploymentEvent) => [
  localTime(created_at, 'seconds'),
  to_status === null || kind !== 'moved' ? kind : `${from_status ?? ''} → ${to_status}`.trim(),
  printableText(by),
  shortened(note ?? '', MESSAGE_WIDTH),
];

export const inspectCommand: Command = {
  summary: 'Shows the details and the history of a deployment.',
  more: 'Default: the newest deployment.',
  operands: ['[deployment]'],
  options: ['project', 'environment'],
  optionHelp: { environment: 'the newest of this environment' },
  examples: [
    ['miaobu inspect', 'the newest deployment of this folder’s project'],
    ['miaobu inspect dep_01jd… --json', 'the deployment, with its events'],
  ],
  async run(context, [named]) {
    const { client, terminal, options } = context;
    const project = await projectHere(context);
    const deployment = await deploymentNamed(context, project, named);
    const params = { project: project.slug, deployment: deployment.id };
    const events = await everyPage((query) => client('listDeploymentEvents', { params, query }));
    if (options.json) {
      terminal.json({ ...deployment, events });
      return exitCodes.done;
    }
    describe(context, deployment);
    if (events.length > 0) {
      terminal.line();
      terminal.table(['WHEN', 'WHAT', 'BY', 'NOTE'], events.map(eventRow));
    }
    return exitCodes.done;
  },
};
