import { exitCodes } from './cli-error.ts';
import type { Command } from './command.ts';

export const showUser: Command = {
  summary: 'Tells whom the token belongs to, and where the API is.',
  operands: [],
  options: [],
  async run({ client, apiUrl, terminal, options }) {
    const { data: user } = await client('getUser', {});
    if (options.json) terminal.json(user);
    else terminal.line(`${terminal.paint('bold', user.github_login)} (${user.id}) at ${apiUrl}`);
    return exitCodes.done;
  },
};
