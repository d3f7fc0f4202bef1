import { ApiError } from '@miaobu/shared/contracts/client';
import * as z from 'zod';
import { CliError, type ExitCode, exitCodes } from './cli-error.ts';

/** The system's name for a failed connection (`ECONNREFUSED`), however deep `fetch` wrapped it. */
function connectionProblem(error: unknown): string | undefined {
  if (!(error instanceof TypeError) || error.cause === undefined) return undefined;
  const { code, message } = error.cause as { code?: string; message?: string };
  return code ?? message ?? 'no connection';
}

const isOurs = (error: ApiError) => error.code !== 'unknown';

/** Whether the same request may succeed in a moment. */
export function isPassing(error: unknown): boolean {
  if (error instanceof ApiError) return error.status >= 500 || error.status === 429 || error.status === 408;
  return connectionProblem(error) !== undefined;
}

const fieldDetails = z.object({ fields: z.array(z.object({ path: z.string(), problem: z.string() })) });

function refusal(error: ApiError): string {
  const lines = [error.message];
  const details = fieldDetails.safeParse(error.details);
  for (const { path, problem } of details.data?.fields ?? []) lines.push(`  ${path.replace(/^\w+\./, '')} ${problem}`);
  if (error.code === 'unauthorized') lines.push('Check --token or MIAOBU_TOKEN.');
  lines.push(`(${error.code}${error.requestId === undefined ? '' : `, request ${error.requestId}`})`);
  return lines.join('\n');
}

/** What to tell a person about an error, and how to end. Throws what is a fault of this program's own. */
export function explainError(error: unknown, apiUrl: string | undefined): { message: string; exitCode: ExitCode } {
  if (error instanceof CliError) return { message: error.message, exitCode: error.exitCode };
  if (error instanceof ApiError && isOurs(error)) return { message: refusal(error), exitCode: exitCodes.refused };
  if (error instanceof ApiError || error instanceof z.ZodError) {
    const said = error instanceof ApiError ? ` (${error.message})` : '';
    const message = `What answers at ${apiUrl} is not this version's Miaobu API${said}. Check the address.`;
    return { message, exitCode: exitCodes.network };
  }
  const problem = connectionProblem(error);
  if (problem === undefined) throw error;
  const message = `Nothing answers at ${apiUrl} (${problem}). If it is your local Miaobu, start it with \`npm start\`.`;
  return { message, exitCode: exitCodes.network };
}
