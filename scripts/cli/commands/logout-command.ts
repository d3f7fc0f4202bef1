import { exitCodes } from '../cli-error.ts';
import type { Command } from '../command.ts';
import { readCredentials, writeCredentials } from '../credentials-file.ts';

export const logoutCommand: Command = {
  summary: 'Deletes the stored token from this machine.',
  more: 'The token itself stays valid until it is revoked.',
  operands: [],
  options: [],
  examples: [
    ['miaobu logout', 'where you signed in last'],
    ['miaobu logout --api-url https://api.example.com', 'somewhere else'],
  ],
  signedOut: true,
  async run({ terminal, apiUrl, options, world }) {
    const { current, origins } = readCredentials(world.environment);
    const { [apiUrl]: forgotten, ...others } = origins;
    const isCurrent = current === undefined || current === apiUrl;
    if (forgotten) writeCredentials(world.environment, { ...(isCurrent ? {} : { current }), origins: others });
    if (options.json) terminal.json({ api_url: apiUrl, forgotten: forgotten !== undefined });
    else if (forgotten)
      terminal.line(`Signed out at ${apiUrl}. The token was deleted here; it stays valid until it is revoked.`);
    else terminal.line(`You were not signed in at ${apiUrl}.`);
    return exitCodes.done;
  },
};
