import { chmodSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';
import * as z from 'zod';
import { CliError, exitCodes } from './cli-error.ts';

const credentials = z.object({
  /** Where the person signed in last. */
  current: z.string().optional(),
  /** By the API's origin. */
  origins: z.record(
    z.string(),
    z.object({
      token: z.string(),
      /** Whether login had the token made for this machine alone: then logout revokes it. */
      made_here: z.boolean().optional(),
    }),
  ),
});
export type Credentials = z.output<typeof credentials>;

const EMPTY: Credentials = { origins: {} };

/** `miaobu/credentials.json` under the user's folder for configuration (https://specifications.freedesktop.org/basedir-spec). */
export function credentialsPath(environment: NodeJS.ProcessEnv): string {
  const { XDG_CONFIG_HOME } = environment;
  // The specification: a relative path is none.
  const base = XDG_CONFIG_HOME && path.isAbsolute(XDG_CONFIG_HOME) ? XDG_CONFIG_HOME : undefined;
  return path.join(base ?? path.join(environment.HOME || homedir(), '.config'), 'miaobu', 'credentials.json');
}

/** What login has kept; empty when there is no such file. */
export function readCredentials(environment: NodeJS.ProcessEnv): Credentials {
  const file = credentialsPath(environment);
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return EMPTY;
    throw new CliError(exitCodes.denied, `Cannot read ${file} (${code}).`);
  }
  try {
    return credentials.parse(JSON.parse(text));
  } catch {
    throw new CliError(exitCodes.denied, `${file} is damaged. Delete it and sign in again.`);
  }
}

/** Readable for its owner alone from its first byte, and never half-written. */
export function writeCredentials(environment: NodeJS.ProcessEnv, kept: Credentials): string {
  const file = credentialsPath(environment);
  const fresh = `${file}.${process.pid}`;
  try {
    mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 });
    writeFileSync(fresh, `${JSON.stringify(kept, null, 2)}\n`, { mode: 0o600 });
    // The mode of a file that was there already (of a program that crashed) is not changed by writing.
    chmodSync(fresh, 0o600);
    renameSync(fresh, file);
  } catch (error) {
    rmSync(fresh, { force: true });
    throw new CliError(exitCodes.failed, `Cannot write ${file} (${(error as NodeJS.ErrnoException).code}).`);
  }
  return file;
}
