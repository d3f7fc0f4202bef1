import { ApiError } from '@miaobu/shared/contracts/client';
import { CliError, exitCodes } from './cli-error.ts';

/** Does what only a session may, and says so to whoever comes with an API token. */
export async function sessionsOnly<Result>(request: () => Promise<Result>): Promise<Result> {
  try {
    return await request();
  } catch (error) {
    if (!(error instanceof ApiError) || error.code !== 'forbidden') throw error;
    const how = 'Give the access token of a session in MIAOBU_TOKEN.';
    throw new CliError(exitCodes.denied, `No API token may manage API tokens, and login keeps one. ${how}`);
  }
}
