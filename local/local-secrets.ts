import { randomBytes } from 'node:crypto';
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { mintApiToken } from '@miaobu/shared/kernel/api-token';
import * as z from 'zod';
import { StartError } from './start-error.ts';

const random = () => randomBytes(32).toString('base64url');

const localSecrets = z.strictObject({
  /** From which the account's keys are derived. */
  accountSeed: z.string(),
  /** The platform's root key. */
  rootKey: z.string(),
  /** The password of the local GitHub's one user. */
  gitToken: z.string(),
  /** The token with which the platform starts builds. */
  actionsToken: z.string(),
  /** A ready token for the API. */
  apiToken: z.string(),
  /** The platform's client secret at the local GitHub for sign-in. Folders older than sign-in have none. */
  clientSecret: z.string().default(random),
});
export type LocalSecrets = z.output<typeof localSecrets>;

/** The secrets of this local cloud: made once, kept in `secrets.json` (0600) of its state folder. */
export function localSecretsOf(home: string): LocalSecrets {
  const file = path.join(home, 'secrets.json');
  try {
    return localSecrets.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === undefined) throw new StartError(`${file} is damaged: put it back, or start empty with --fresh`);
    if (code !== 'ENOENT') throw error;
  }
  const made: LocalSecrets = {
    accountSeed: random(),
    rootKey: random(),
    gitToken: `ghp_${randomBytes(18).toString('hex')}`,
    actionsToken: `ghp_${randomBytes(18).toString('hex')}`,
    apiToken: mintApiToken().token,
    clientSecret: random(),
  };
  // Written completely or not at all: without them the state is lost.
  writeFileSync(`${file}.new`, JSON.stringify(made, null, 2), { mode: 0o600, flush: true });
  renameSync(`${file}.new`, file);
  return made;
}
