import { exitCodes } from '../cli-error.ts';
import type { Command } from '../command.ts';
import { everyPage } from '../every-page.ts';
import { shortened } from '../printing/printable-text.ts';
import { timeAgo } from '../printing/time-words.ts';
import { sessionsOnly } from '../sessions-only.ts';

const NAME_WIDTH = 40;

export const tokensListCommand: Command = {
  summary: 'Lists your API tokens.',
  more: 'Needs the access token of a session in MIAOBU_TOKEN: API tokens cannot manage API tokens.',
  operands: [],
  options: [],
  examples: [['miaobu tokens list', 'with when each was last used']],
  async run({ client, terminal, options, world }) {
    const tokens = await sessionsOnly(() => everyPage((query) => client('listApiTokens', { query })));
    if (options.json) terminal.json(tokens);
    else if (tokens.length === 0) terminal.line('You have no API tokens.');
    else {
      terminal.table(
        ['TOKEN', 'NAME', 'BEGINS WITH', 'LAST USED', 'CREATED'],
        tokens.map(({ id, name, prefix, last_used_at, created_at }) => [
          id,
          shortened(name, NAME_WIDTH),
          prefix,
          last_used_at === null ? { text: 'never', style: 'dim' } : timeAgo(last_used_at, world.now()),
          timeAgo(created_at, world.now()),
        ]),
      );
    }
    return exitCodes.done;
  },
};
