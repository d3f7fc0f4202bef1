import { readFileSync } from 'node:fs';
import path from 'node:path';
import * as z from 'zod';
import { homeDirectory } from '../../local/home-directory.ts';
import { CliError, exitCodes } from './cli-error.ts';
import { readCredentials } from './credentials-file.ts';

export interface Connection {
  /** Origin of the API. */
  readonly apiUrl: string;
  readonly token: string | undefined;
}

/** What the local cloud writes into its state folder while it runs, as far as it is needed here. */
const connectionFile = z.object({ apiUrl: z.string(), token: z.string() });

/** The local cloud of this checkout, if it runs. */
function readLocalConnection(environment: NodeJS.ProcessEnv): z.output<typeof connectionFile> | undefined {
  const file = path.join(homeDirectory(environment), 'connection.json');
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw new CliError(exitCodes.unreachable, `Cannot read ${file} (${code}).`);
  }
  try {
    return connectionFile.parse(JSON.parse(text));
  } catch {
    throw new CliError(exitCodes.unreachable, `${file} is damaged. Start Miaobu again with \`npm start\`.`);
  }
}

/** The origin of an address. Throws for what is none. */
function checkedOrigin(apiUrl: string): string {
  const url = URL.parse(apiUrl);
  if (!url || !/^https?:$/.test(url.protocol)) {
    throw new CliError(exitCodes.usage, `The API's address must be an http or https URL, not "${apiUrl}".`);
  }
  return url.origin;
}

/** A token as it can stand in a header. */
export function checkedToken(token: string): string {
  if (!/^[\x21-\x7e]+$/.test(token)) {
    throw new CliError(exitCodes.usage, 'The token contains characters that tokens never have; copy it again.');
  }
  return token;
}

/**
 * Where the API is: the option, else the environment, else where the person signed in last, else the local cloud of this checkout. And
 * who asks there: `MIAOBU_TOKEN`, else what login has kept for that very origin, else the operator of the local cloud, whose token goes
 * to no other address.
 */
export function findConnection(named: string | undefined, environment: NodeJS.ProcessEnv): Connection {
  const kept = readCredentials(environment);
  const elsewhere = named ?? (environment.MIAOBU_API_URL || undefined) ?? kept.current;
  // A damaged or forbidden file of a local cloud is no matter for who means another.
  const local = elsewhere === undefined ? readLocalConnection(environment) : undefined;
  const address = elsewhere ?? local?.apiUrl;
  if (address === undefined) {
    const how = 'Start your local one with `npm start`, or name another with --api-url or MIAOBU_API_URL.';
    throw new CliError(exitCodes.unreachable, `There is no Miaobu to talk to. ${how}`);
  }
  const apiUrl = checkedOrigin(address);
  const token = (environment.MIAOBU_TOKEN || undefined) ?? kept.origins[apiUrl]?.token ?? local?.token;
  return { apiUrl, token: token === undefined ? undefined : checkedToken(token) };
}

export const notSignedIn = (apiUrl: string) =>
  new CliError(
    exitCodes.denied,
    `You are not signed in at ${apiUrl}. Run: miaobu login --api-url ${apiUrl}  (or set MIAOBU_TOKEN)`,
  );
