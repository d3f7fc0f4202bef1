import type { Deployment } from '@miaobu/shared/contracts/shown-deployment';
import { type ExitCode, exitCodes } from '../cli-error.ts';
import type { CommandContext } from '../command.ts';
import { type DeploymentPath, followDeployment, hasEnded, type Progress } from '../follow-deployment.ts';
import { onInterrupt } from '../on-interrupt.ts';
import { reasonText, statusNote, statusStyle } from './deployment-words.ts';
import { printableText } from './printable-text.ts';
import { splitLines } from './split-lines.ts';

const STATUS_WIDTH = 'uploading'.length;
const TICK_MS = 1000;

/** Follows a deployment to its end and returns it as it ended. Statuses stand out; what the build prints is set off by a bar. */
async function showProgress(context: CommandContext, project: string, deployment: string): Promise<Deployment> {
  const { terminal, world, client } = context;
  const lines = splitLines();
  const show = (line: string) =>
    terminal.line(
      `${terminal.paint('dim', '  │')} ${printableText(line, { keepColours: terminal.colours })}`.trimEnd(),
    );
  const showStatus = (status: Progress['status'], note: string) =>
    terminal.line(`${terminal.paint(statusStyle(status), `● ${status.padEnd(STATUS_WIDTH)}`)} ${note}`.trimEnd());

  const began = world.now().getTime();
  let now = 'waiting';
  const tick = () => terminal.passing(`  … ${now}, ${Math.round((world.now().getTime() - began) / 1000)} s`);
  const ticking = setInterval(tick, TICK_MS);
  try {
    for await (const news of followDeployment(context, { project, deployment })) {
      if (news.kind === 'log') lines.push(news.entry.text).forEach(show);
      else if (!hasEnded(news.progress)) {
        now = news.progress.status;
        showStatus(now as Progress['status'], reasonText(news.progress));
      }
      tick();
    }
  } finally {
    clearInterval(ticking);
  }
  lines.end().forEach(show);
  const { data: ended } = await client('getDeployment', { params: { project, deployment } });
  showStatus(ended.status, statusNote(ended));
  return ended;
}

/** How a program ends that waited for a deployment. */
export const exitCodeOf = ({ status }: Pick<Deployment, 'status'>): ExitCode =>
  status === 'failed' || status === 'cancelled' ? exitCodes.failed : exitCodes.done;

/**
 * What a command does that has begun a deployment: it follows it until it is live, unless `--no-wait`. With `--json` the deployment as it
 * ended is the only output, as `document` shows it.
 */
export async function awaitDeployment(
  context: CommandContext,
  project: { readonly slug: string },
  begun: Deployment,
  document: (deployment: Deployment) => unknown = (deployment) => deployment,
): Promise<ExitCode> {
  const { terminal, notes, options } = context;
  const path = { project: project.slug, deployment: begun.id };
  if (options['no-wait']) {
    if (options.json) terminal.json(document(begun));
    else
      terminal.line(
        `${begun.id} is ${begun.status}. Follow it with: miaobu logs ${begun.id} -f --project ${project.slug}`,
      );
    return exitCodeOf(begun);
  }
  const { id } = begun;
  const takeBack = onInterrupt(() =>
    notes.line(
      `\n${id} goes on without this program. To follow it: miaobu logs ${id} -f --project ${project.slug}; to stop it: miaobu cancel ${id} --project ${project.slug}`,
    ),
  );
  try {
    return await follow(context, path, document);
  } finally {
    takeBack();
  }
}

async function follow(
  context: CommandContext,
  path: DeploymentPath,
  document: (deployment: Deployment) => unknown,
): Promise<ExitCode> {
  const { terminal, options, client } = context;
  if (options.json) {
    for await (const _ of followDeployment(context, path));
    const { data: ended } = await client('getDeployment', { params: path });
    terminal.json(document(ended));
    return exitCodeOf(ended);
  }
  const ended = await showProgress(context, path.project, path.deployment);
  if (ended.current) terminal.line(`\n${terminal.paint('green', 'Live at')} ${terminal.paint('bold', ended.url)}`);
  return exitCodeOf(ended);
}
