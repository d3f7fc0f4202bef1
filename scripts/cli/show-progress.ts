import type { ApiClient } from '@miaobu/shared/contracts/client';
import type { Deployment } from '@miaobu/shared/contracts/deployments';
import { type ExitCode, exitCodes } from './cli-error.ts';
import { statusNote, statusStyle } from './deployment-words.ts';
import { type DeploymentPath, followDeployment, hasEnded } from './follow-deployment.ts';
import { printableText } from './printable-text.ts';
import { splitLines } from './split-lines.ts';
import type { Terminal } from './terminal.ts';

const STATUS_WIDTH = 'uploading'.length;

function statusLine(terminal: Terminal, deployment: Deployment): string {
  const { status } = deployment;
  return `${terminal.paint(statusStyle(status), `● ${status.padEnd(STATUS_WIDTH)}`)} ${statusNote(deployment)}`.trimEnd();
}

/** Follows a deployment to its end. Statuses stand out; what the build prints is set off by a bar. */
export async function showProgress(terminal: Terminal, client: ApiClient, params: DeploymentPath): Promise<Deployment> {
  const lines = splitLines();
  const show = (line: string) =>
    terminal.line(
      `${terminal.paint('dim', '  │')} ${printableText(line, { keepColours: terminal.colours })}`.trimEnd(),
    );
  let last: Deployment | undefined;
  for await (const news of followDeployment(client, params)) {
    if (news.kind === 'log') {
      lines.push(news.entry.text).forEach(show);
      continue;
    }
    // A line that goes on after a change of status stays in one piece.
    if (hasEnded(news.deployment)) lines.end().forEach(show);
    terminal.line(statusLine(terminal, news.deployment));
    last = news.deployment;
  }
  if (last === undefined) throw new Error('a deployment was followed without being seen');
  return last;
}

/** How a program ends that waited for a deployment. */
export const exitCodeOf = ({ status }: Deployment): ExitCode =>
  status === 'failed' || status === 'cancelled' ? exitCodes.refused : exitCodes.done;
