import { createClient } from '@miaobu/shared/contracts/client';
import type { ExitCode } from './cli-error.ts';
import { exitCodes } from './cli-error.ts';
import { explainError } from './explain-error.ts';
import { findConnection } from './find-connection.ts';
import { localhostFetch } from './localhost-fetch.ts';
import { parseCommandLine } from './parse-command-line.ts';
import { createTerminal, type Output } from './terminal.ts';

/** Does what the arguments say and returns how the program ends. What a person should know of an error goes to `stderr`. */
export async function runCommandLine(
  args: readonly string[],
  stdout: Output,
  stderr: Output,
  environment: NodeJS.ProcessEnv,
): Promise<ExitCode> {
  const terminal = createTerminal(stdout, environment);
  const errors = createTerminal(stderr, environment);
  let apiUrl: string | undefined;
  try {
    const commandLine = parseCommandLine(args);
    if (commandLine.kind === 'help') {
      terminal.line(commandLine.text);
      return exitCodes.done;
    }
    const { command, operands, options } = commandLine;
    const connection = findConnection({ apiUrl: options['api-url'], token: options.token }, environment);
    apiUrl = connection.apiUrl;
    const client = createClient({ origin: apiUrl, token: connection.token, fetch: localhostFetch });
    return await command.run({ client, apiUrl, terminal, options }, operands);
  } catch (error) {
    const { message, exitCode } = explainError(error, apiUrl);
    errors.line(message);
    return exitCode;
  }
}
