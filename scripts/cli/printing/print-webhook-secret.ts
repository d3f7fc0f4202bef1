import type { WebhookSecret } from '@miaobu/shared/contracts/webhook-secrets';
import type { CommandContext } from '../command.ts';
import { localTime } from './time-words.ts';

/** What became of the last rotation of a project's webhook secret. */
export function printWebhookSecret(
  { terminal, options }: Pick<CommandContext, 'terminal' | 'options'>,
  secret: WebhookSecret,
): void {
  if (options.json) {
    terminal.json(secret);
    return;
  }
  const until = secret.previous_accepted_until;
  terminal.line(
    secret.known_to_github
      ? 'GitHub signs pushes with the current secret.'
      : 'GitHub has not been given the current secret yet.',
  );
  terminal.line(
    until === null
      ? 'Pushes signed with any other secret are refused.'
      : `The secret before it is accepted until ${localTime(until)}.`,
  );
}
