import { exitCodes } from '../cli-error.ts';
import type { Command } from '../command.ts';
import { orMissing } from '../or-missing.ts';
import { sessionsOnly } from '../sessions-only.ts';

export const tokensRevokeCommand: Command = {
  summary: 'Revokes an API token.',
  more: 'Needs the access token of a session in MIAOBU_TOKEN: API tokens cannot manage API tokens.',
  operands: ['<token>'],
  options: [],
  examples: [['miaobu tokens revoke tok_01jd…', 'the id is shown by miaobu tokens list']],
  async run({ client, terminal, options }, [token = '']) {
    const revoke = () => sessionsOnly(() => client('revokeApiToken', { params: { token } }));
    await orMissing(revoke, `You have no API token "${token}". See: miaobu tokens list`);
    if (options.json) terminal.json({ id: token });
    else terminal.line(`Revoked ${token}.`);
    return exitCodes.done;
  },
};
