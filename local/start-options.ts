import { parseArgs } from 'node:util';
import { homeDirectory } from './home-directory.ts';
import { StartError } from './start-error.ts';

export interface StartOptions {
  /** Print one line of JSON when everything is ready, for programs. */
  readonly json: boolean;
  /** Forget the state of earlier runs. */
  readonly fresh: boolean;
  /** Print the usage, and nothing else. */
  readonly help: boolean;
  readonly home: string;
  /** Edge and control plane; the cloud's own endpoints are on the next one. 0: any two free ones. */
  readonly port: number;
  /** A Postgres of your own, instead of the one from npm. */
  readonly databaseUrl: string | undefined;
}

const DEFAULT_PORT = 7080;

export const USAGE = `npm start [-- --json] [--fresh]

  --json    print one line of JSON when ready (addresses, token), and stay up
  --fresh   start empty: forget projects, deployments and everything else of earlier runs

  MIAOBU_PORT    port of the sites and the API; the next one is the cloud's own (default ${DEFAULT_PORT}; 0: any)
  MIAOBU_HOME    where state and logs are kept
  DATABASE_URL   a Postgres to use instead of the one that comes along`;

/** Reads the command line and the environment; throws `StartError` with the usage for anything else. */
export function readStartOptions(args: readonly string[], environment: NodeJS.ProcessEnv = process.env): StartOptions {
  let values: { json?: boolean; fresh?: boolean; help?: boolean };
  try {
    const options = { json: { type: 'boolean' }, fresh: { type: 'boolean' }, help: { type: 'boolean' } } as const;
    values = parseArgs({ args: [...args], options }).values;
  } catch (error) {
    throw new StartError(`${(error as Error).message}\n\n${USAGE}`);
  }
  const port = Number(environment.MIAOBU_PORT || DEFAULT_PORT);
  if (!Number.isInteger(port) || port < 0 || port > 65_534) {
    throw new StartError(`MIAOBU_PORT must be a port number, not "${environment.MIAOBU_PORT}"`);
  }
  return {
    json: values.json ?? false,
    fresh: values.fresh ?? false,
    help: values.help ?? false,
    home: homeDirectory(environment),
    port,
    databaseUrl: environment.DATABASE_URL || undefined,
  };
}
