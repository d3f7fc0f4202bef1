import { ApiError } from '@miaobu/shared/contracts/client';
import { CliError, exitCodes } from './cli-error.ts';
import { printableText } from './printing/printable-text.ts';

/** Does what a request does, and says in these words that what it names does not exist. */
export async function orMissing<Result>(request: () => Promise<Result>, words: string): Promise<Result> {
  try {
    return await request();
  } catch (error) {
    if (!(error instanceof ApiError) || error.code !== 'not_found') throw error;
    throw new CliError(exitCodes.missing, printableText(words));
  }
}
