import type { ApiClient } from '@miaobu/shared/contracts/client';
import { exitCodes } from '../cli-error.ts';
import type { Command } from '../command.ts';
import { readCredentials, writeCredentials } from '../credentials-file.ts';
import { explainError } from '../explain-error.ts';

export const logoutCommand: Command = {
  summary: 'Deletes the stored token from this machine, and revokes it.',
  more: 'A token that you brought yourself (miaobu login --token) is deleted here only: it may be in use elsewhere.',
  operands: [],
  options: [],
  examples: [
    ['miaobu logout', 'where you signed in last'],
    ['miaobu logout --api-url https://api.example.com', 'somewhere else'],
  ],
  signedOut: true,
  async run({ client, terminal, notes, apiUrl, options, world }) {
    const { current, origins } = readCredentials(world.environment);
    const { [apiUrl]: forgotten, ...others } = origins;
    const isCurrent = current === undefined || current === apiUrl;
    if (forgotten) writeCredentials(world.environment, { ...(isCurrent ? {} : { current }), origins: others });
    const problem = forgotten?.made_here ? await revoke(client, forgotten.token, apiUrl) : undefined;
    const revoked = forgotten?.made_here === true && problem === undefined;
    if (options.json) terminal.json({ api_url: apiUrl, forgotten: forgotten !== undefined, revoked });
    else if (!forgotten) terminal.line(`You were not signed in at ${apiUrl}.`);
    else if (revoked) terminal.line(`Signed out at ${apiUrl}. The token was revoked.`);
    else terminal.line(`Signed out at ${apiUrl}. The token was deleted here; it stays valid until it is revoked.`);
    if (problem !== undefined) notes.line(`The token could not be revoked. ${problem}`);
    return exitCodes.done;
  },
};

/** Undefined once the token has ended; else why it has not. A machine without a connection can sign out all the same. */
async function revoke(client: ApiClient, token: string, apiUrl: string): Promise<string | undefined> {
  try {
    await client('revokeHeldToken', { body: { token } });
    return undefined;
  } catch (error) {
    return explainError(error, apiUrl, false).message;
  }
}
