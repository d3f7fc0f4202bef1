import { createClient, createStreams } from '@miaobu/shared/contracts/client';
import { type ExitCode, exitCodes } from './cli-error.ts';
import type { World } from './command.ts';
import { explainError } from './explain-error.ts';
import { findConnection, notSignedIn } from './find-connection.ts';
import { parseCommandLine } from './parse-command-line.ts';
import { createTerminal, type Output } from './printing/terminal.ts';

/** How often what may go well in a moment is asked again: under a second in all, unless the answer says when. */
const RETRIES = 2;
/** A pause that a person would take for standing still. */
const LONG_PAUSE_MS = 2000;

/** Does what the arguments say and returns how the program ends. What a person should know of an error goes to `stderr`. */
export async function runCommandLine(
  args: readonly string[],
  stdout: Output,
  stderr: Output,
  world: World,
): Promise<ExitCode> {
  const terminal = createTerminal(stdout, world.environment);
  const notes = createTerminal(stderr, world.environment);
  let apiUrl: string | undefined;
  try {
    const commandLine = parseCommandLine(args);
    if (commandLine.kind === 'print') {
      terminal.line(commandLine.text);
      return exitCodes.done;
    }
    const { command, operands, options } = commandLine;
    const connection = findConnection(options['api-url'], world.environment);
    apiUrl = connection.apiUrl;
    if (connection.token === undefined && !command.signedOut) throw notSignedIn(apiUrl);
    const pause = async (milliseconds: number) => {
      if (milliseconds >= LONG_PAUSE_MS)
        notes.line(`The API asks us to wait for ${Math.ceil(milliseconds / 1000)} s …`);
      await world.pause(milliseconds);
    };
    const asking = { origin: apiUrl, token: connection.token, fetch: world.fetch };
    const client = createClient({ ...asking, retry: { times: RETRIES, pause } });
    const streams = createStreams({ ...asking, pause: world.pause });
    return await command.run({ client, streams, apiUrl, terminal, notes, options, world }, operands);
  } catch (error) {
    const { message, exitCode } = explainError(error, apiUrl, Boolean(world.environment.MIAOBU_TOKEN));
    notes.line(message);
    return exitCode;
  }
}
