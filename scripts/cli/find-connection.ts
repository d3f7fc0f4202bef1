import { readFileSync } from 'node:fs';
import path from 'node:path';
import * as z from 'zod';
import { homeDirectory } from '../../local/home-directory.ts';
import { CliError, exitCodes } from './cli-error.ts';

export interface Connection {
  /** Origin of the API. */
  readonly apiUrl: string;
  readonly token: string;
}

const START_IT =
  'Start it with `npm start`, or name another with --api-url and --token (MIAOBU_API_URL, MIAOBU_TOKEN).';

/** What the local cloud writes into its state folder while it runs, as far as it is needed here. */
const connectionFile = z.object({ apiUrl: z.string(), token: z.string() });

function readLocalConnection(environment: NodeJS.ProcessEnv): Connection {
  const file = path.join(homeDirectory(environment), 'connection.json');
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'ENOENT' && code !== 'ENOTDIR')
      throw new CliError(exitCodes.network, `Cannot read ${file} (${code}).`);
    throw new CliError(exitCodes.network, `Miaobu is not running here. ${START_IT}`);
  }
  try {
    return connectionFile.parse(JSON.parse(text));
  } catch {
    throw new CliError(exitCodes.network, `${file} is damaged. Start Miaobu again with \`npm start\`.`);
  }
}

function checked({ apiUrl, token }: Connection): Connection {
  if (!/^https?:$/.test(URL.parse(apiUrl)?.protocol ?? '')) {
    throw new CliError(exitCodes.usage, `The API's address must be an http or https URL, not "${apiUrl}".`);
  }
  if (!/^[\x21-\x7e]+$/.test(token)) {
    throw new CliError(exitCodes.usage, 'The token holds characters that no token has; copy it again.');
  }
  return { apiUrl, token };
}

/**
 * Where the API is and who asks: the options, else the environment, else the local cloud of this checkout. The local
 * cloud's token goes to no other address.
 */
export function findConnection(
  options: { readonly apiUrl?: string | undefined; readonly token?: string | undefined },
  environment: NodeJS.ProcessEnv,
): Connection {
  const apiUrl = options.apiUrl ?? (environment.MIAOBU_API_URL || undefined);
  const token = options.token ?? (environment.MIAOBU_TOKEN || undefined);
  if (apiUrl === undefined) {
    const local = readLocalConnection(environment);
    return checked({ apiUrl: local.apiUrl, token: token ?? local.token });
  }
  if (token === undefined) {
    throw new CliError(exitCodes.usage, `A token for ${apiUrl} is missing: give it with --token or MIAOBU_TOKEN.`);
  }
  return checked({ apiUrl, token });
}
