import { ApiError } from '@miaobu/shared/contracts/client';
import { CliError, exitCodes } from './cli-error.ts';

/** Does what only a session may, and explains that when an API token was refused. */
export async function sessionsOnly<Result>(request: () => Promise<Result>): Promise<Result> {
  try {
    return await request();
  } catch (error) {
    if (!(error instanceof ApiError) || error.code !== 'forbidden') throw error;
    const how = 'Put the access token of a session in MIAOBU_TOKEN.';
    throw new CliError(exitCodes.denied, `API tokens cannot manage API tokens, and login stores an API token. ${how}`);
  }
}
