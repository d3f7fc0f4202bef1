import { CliError, exitCodes } from '../cli-error.ts';
import type { Command } from '../command.ts';
import { printWebhookSecret } from '../printing/print-webhook-secret.ts';
import { projectHere } from '../project-here.ts';

const MOST_HOURS = 24;
const HOUR_SECONDS = 3600;

export const webhookRotateCommand: Command = {
  summary: 'Replaces the webhook secret of a project.',
  more: 'GitHub is given the new one automatically. No push is lost, even without an overlap.',
  operands: [],
  options: ['project', 'overlap'],
  examples: [
    ['miaobu webhook rotate', 'the old secret is accepted for another day'],
    ['miaobu webhook rotate --overlap 0', 'the old secret has leaked: it is refused at once'],
  ],
  async run(context) {
    const { client, options } = context;
    const body = { overlap_seconds: overlapHours(options.overlap) * HOUR_SECONDS };
    const { slug } = await projectHere(context);
    const { data } = await client('rotateWebhookSecret', { params: { project: slug }, body });
    printWebhookSecret(context, data);
    return exitCodes.done;
  },
};

function overlapHours(text = String(MOST_HOURS)): number {
  const hours = /^\d{1,2}$/.test(text) ? Number(text) : Number.NaN;
  if (hours <= MOST_HOURS) return hours;
  throw new CliError(
    exitCodes.usage,
    `--overlap must be a whole number of hours, at most ${MOST_HOURS}, not "${text}".`,
  );
}
