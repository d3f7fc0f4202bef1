import { hostname } from 'node:os';
import { ApiError, createClient } from '@miaobu/shared/contracts/client';
import type { startDeviceLogin } from '@miaobu/shared/contracts/device-logins';
import type { OutputOf } from '@miaobu/shared/contracts/endpoint';
import { CliError, exitCodes } from '../cli-error.ts';
import type { Command, CommandContext } from '../command.ts';
import { readCredentials, writeCredentials } from '../credentials-file.ts';
import { checkedToken } from '../find-connection.ts';

const CLIENT_NAME_LENGTH = 60;

/** What the person reads on the page where they let us in, and what the token will be called. */
const clientName = () =>
  `miaobu on ${hostname().replace(/[^\p{L}\p{N}\p{P}\p{S} ]/gu, '') || 'a computer'}`.slice(0, CLIENT_NAME_LENGTH);

type Begun = OutputOf<typeof startDeviceLogin>;

/** Seconds to wait from now on, where the answer says so. */
function intervalIn({ details }: ApiError, otherwise: number): number {
  const { interval } = (details ?? {}) as { interval?: unknown };
  return typeof interval === 'number' && interval > 0 ? interval : otherwise;
}

/** Asks at the interval that is asked for until the person has decided (RFC 8628 §3.4, §3.5). */
async function awaitApproval({ client, world }: CommandContext, begun: Begun): Promise<string> {
  let { interval } = begun;
  for (;;) {
    await world.pause(interval * 1000);
    try {
      return (await client('redeemDeviceLogin', { body: { device_code: begun.device_code } })).data.token;
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      switch (error.code) {
        case 'authorization_pending':
          continue;
        case 'slow_down':
          // The specification: five seconds more, unless the answer names an interval.
          interval = intervalIn(error, interval + 5);
          continue;
        case 'expired_token':
          throw new CliError(exitCodes.denied, 'Nobody approved the code in time. Run miaobu login again.');
        case 'access_denied':
          throw new CliError(exitCodes.denied, 'The login was denied in the browser.');
        default:
          throw error;
      }
    }
  }
}

async function askInBrowser(context: CommandContext): Promise<string> {
  const { client, notes, world } = context;
  const { data: begun } = await client('startDeviceLogin', { body: { client_name: clientName() } });
  notes.line(`Your code is ${notes.paint('bold', begun.user_code)}`);
  notes.line(`Open ${begun.verification_uri_complete}`);
  const opened = world.openBrowser(begun.verification_uri_complete);
  const minutes = Math.round(begun.expires_in / 60);
  const where = opened ? 'It opens in your browser; approve there' : 'Approve there';
  notes.line(`${where}, within ${minutes} minutes, if it shows the same code. Waiting …`);
  return awaitApproval(context, begun);
}

async function takeToken({ world }: CommandContext): Promise<string> {
  const { keyboard } = world;
  const token = (await (keyboard.interactive ? keyboard.askSecret('API token: ') : keyboard.readAll())).trim();
  if (token === '') {
    throw new CliError(exitCodes.usage, 'There is no token on standard input. Use: miaobu login --token < file');
  }
  return checkedToken(token);
}

export const loginCommand: Command = {
  summary: 'Signs you in, in a browser or with a token.',
  more: 'Shows a code and waits until you approve it in a browser, on this machine or another.',
  operands: [],
  options: ['token'],
  examples: [
    ['miaobu login', 'opens the page where you approve the login'],
    ['miaobu login --api-url https://api.example.com', 'signs in elsewhere; later commands go there'],
    ['miaobu login --token < token.txt', 'stores a token you already have'],
  ],
  signedOut: true,
  async run(context) {
    const { terminal, apiUrl, options, world } = context;
    const token = await (options.token ? takeToken(context) : askInBrowser(context));
    const client = createClient({ origin: apiUrl, token, fetch: world.fetch });
    // What does not count is not kept.
    const { data: user } = await client('getUser', {});
    const kept = readCredentials(world.environment);
    const origins = { ...kept.origins, [apiUrl]: { token, made_here: !options.token } };
    const file = writeCredentials(world.environment, { current: apiUrl, origins });
    if (options.json) terminal.json(user);
    else
      terminal.line(`Signed in at ${apiUrl} as ${terminal.paint('bold', user.github_login)}. Token stored in ${file}`);
    return exitCodes.done;
  },
};
