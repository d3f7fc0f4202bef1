import { exitCodes } from '../cli-error.ts';
import type { Command } from '../command.ts';
import { printWebhookSecret } from '../printing/print-webhook-secret.ts';
import { projectHere } from '../project-here.ts';

export const webhookCommand: Command = {
  summary: 'Shows the state of a project’s webhook secret.',
  more: 'GitHub signs the pushes it reports with this secret. It is never shown.',
  operands: [],
  options: ['project'],
  examples: [['miaobu webhook', 'whether GitHub has the current secret']],
  async run(context) {
    const { slug } = await projectHere(context);
    const { data } = await context.client('getWebhookSecret', { params: { project: slug } });
    printWebhookSecret(context, data);
    return exitCodes.done;
  },
};
