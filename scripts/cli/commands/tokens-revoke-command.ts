import { exitCodes } from '../cli-error.ts';
import type { Command } from '../command.ts';
import { orMissing } from '../or-missing.ts';
import { sessionsOnly } from '../sessions-only.ts';

export const tokensRevokeCommand: Command = {
  summary: 'Ends an API token.',
  more: 'Needs the access token of a session in MIAOBU_TOKEN: no API token may manage API tokens.',
  operands: ['<token>'],
  options: [],
  examples: [['miaobu tokens revoke tok_01jd…', 'its id is in miaobu tokens list']],
  async run({ client, terminal, options }, [token = '']) {
    const revoke = () => sessionsOnly(() => client('revokeApiToken', { params: { token } }));
    await orMissing(revoke, `You have no API token "${token}". See: miaobu tokens list`);
    if (options.json) terminal.json({ id: token });
    else terminal.line(`${token} counts no more.`);
    return exitCodes.done;
  },
};
