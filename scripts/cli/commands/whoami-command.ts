import { exitCodes } from '../cli-error.ts';
import type { Command } from '../command.ts';

export const whoamiCommand: Command = {
  summary: 'Tells who you are, and where the API is.',
  operands: [],
  options: [],
  examples: [['miaobu whoami', 'ends with 3 when nobody is signed in']],
  async run({ client, apiUrl, terminal, options }) {
    const { data: user } = await client('getUser', {});
    if (options.json) terminal.json(user);
    else terminal.line(`${terminal.paint('bold', user.github_login)} (${user.id}) at ${apiUrl}`);
    return exitCodes.done;
  },
};
