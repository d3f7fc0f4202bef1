import { exitCodes } from '../cli-error.ts';
import type { Command } from '../command.ts';

export const whoamiCommand: Command = {
  summary: 'Shows who you are signed in as, and where.',
  operands: [],
  options: [],
  examples: [['miaobu whoami', 'exits with 3 if you are not signed in']],
  async run({ client, apiUrl, terminal, options }) {
    const { data: user } = await client('getUser', {});
    if (options.json) terminal.json(user);
    else terminal.line(`${terminal.paint('bold', user.github_login)} (${user.id}) at ${apiUrl}`);
    return exitCodes.done;
  },
};
