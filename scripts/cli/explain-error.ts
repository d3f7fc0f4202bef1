import { ApiError } from '@miaobu/shared/contracts/client';
import * as z from 'zod';
import { CliError, type ExitCode, exitCodes } from './cli-error.ts';
import { printableText } from './printing/printable-text.ts';

/** The system's name for a failed connection (`ECONNREFUSED`), however deep `fetch` wrapped it. */
function connectionProblem(error: unknown): string | undefined {
  if (!(error instanceof TypeError) || error.cause === undefined) return undefined;
  const { code, message } = error.cause as { code?: string; message?: string };
  return code ?? message ?? 'no connection';
}

/** Our API's errors have a code; those of another server at the address do not. */
const isOurs = (error: ApiError) => error.code !== 'unknown';

const fieldDetails = z.object({ fields: z.array(z.object({ path: z.string(), problem: z.string() })) });
/** Details of a conflict: the problem in words, the variables that exist already, or the status of the deployment. */
const conflictDetails = z.union([
  z.object({ problem: z.string() }).transform(({ problem }) => problem),
  z
    .object({ exists: z.array(z.string()).min(1) })
    .transform(({ exists }) => `these variables exist already (${exists.join(', ')})`),
  z.object({ status: z.string() }).transform(({ status }) => `the deployment is ${status}`),
]);

const shown = (value: unknown) => (typeof value === 'string' ? value : JSON.stringify(value));

/** What the details add to the text of the error. */
function particulars({ details }: ApiError): string {
  const fields = fieldDetails.safeParse(details);
  if (fields.success) {
    return ` ${fields.data.fields.map(({ path, problem }) => `${path.replace(/^\w+\./, '')}: ${problem}`).join('; ')}.`;
  }
  if (typeof details !== 'object' || details === null) return '';
  const known = Object.entries(details).filter(([name]) => name !== 'retryAfterSeconds');
  return known.length === 0 ? '' : ` (${known.map(([name, value]) => `${name}: ${shown(value)}`).join(', ')})`;
}

/** The error in one sentence or two. A conflict is described by its details, because the API's text for it is general. */
function described(error: ApiError): string {
  const conflict = error.status === 409 ? conflictDetails.safeParse(error.details) : undefined;
  return conflict?.success ? `Not possible: ${conflict.data}.` : `${problemOf(error)}${particulars(error)}`;
}

/** What helps somebody whose token is not enough: it is the environment's, or one that login can replace. */
function remedy({ code }: ApiError, isTokenNamed: boolean): string {
  if (code === 'unauthorized') return isTokenNamed ? ' Check MIAOBU_TOKEN.' : ' Sign in: miaobu login';
  if (code !== 'forbidden') return '';
  return isTokenNamed ? ' Set MIAOBU_TOKEN to a token that may.' : ' To sign in with other permissions: miaobu login';
}

/** What went wrong. A refused token has its own text here, because the API's speaks of headers and details. */
const problemOf = ({ code, message }: ApiError) => {
  if (code === 'unauthorized') return 'The API does not accept your token.';
  return code === 'forbidden' ? 'Your token may not do that.' : message;
};

function refusal(error: ApiError, isTokenNamed: boolean): string {
  const request = error.requestId === undefined ? '' : ` [${error.code}, request ${error.requestId}]`;
  return printableText(`${described(error)}${remedy(error, isTokenNamed)}${request}`);
}

function exitCodeOf({ status, code }: ApiError): ExitCode {
  if (status === 401 || code === 'forbidden' || code === 'sign_in_refused') return exitCodes.denied;
  if (status === 404) return exitCodes.missing;
  if (status >= 500 || status === 429 || status === 408) return exitCodes.unreachable;
  return exitCodes.failed;
}

/**
 * The message for a person, and the exit code. `isTokenNamed`: the token comes from the environment, so no login changes it. Throws
 * errors of this program itself.
 */
export function explainError(
  error: unknown,
  apiUrl: string | undefined,
  isTokenNamed: boolean,
): { message: string; exitCode: ExitCode } {
  if (error instanceof CliError) return { message: error.message, exitCode: error.exitCode };
  if (error instanceof ApiError && isOurs(error)) {
    return { message: refusal(error, isTokenNamed), exitCode: exitCodeOf(error) };
  }
  if (error instanceof ApiError || error instanceof z.ZodError) {
    const said = error instanceof ApiError ? ` (${error.message})` : '';
    const message = `What answers at ${apiUrl} is not this version's Miaobu API${said}. Check the address.`;
    return { message, exitCode: exitCodes.unreachable };
  }
  const problem = connectionProblem(error);
  if (problem === undefined) throw error;
  const message = `Nothing answers at ${apiUrl} (${problem}). If it is your local Miaobu, start it with \`npm start\`; otherwise check the address.`;
  return { message, exitCode: exitCodes.unreachable };
}
