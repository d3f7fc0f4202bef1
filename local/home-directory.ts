import { createHash } from 'node:crypto';
import { homedir } from 'node:os';
import path from 'node:path';

const checkout = path.resolve(import.meta.dirname, '..');

/** Where caches of a user belong on this system. Root's home is closed to the account Postgres runs under. */
function cacheDirectory(environment: NodeJS.ProcessEnv): string {
  if (environment.XDG_CACHE_HOME) return environment.XDG_CACHE_HOME;
  if (process.getuid?.() === 0) return '/var/cache';
  return path.join(homedir(), process.platform === 'darwin' ? 'Library/Caches' : '.cache');
}

/**
 * The state of this checkout's local cloud: `MIAOBU_HOME`, or a folder under the user's cache directory named after the
 * checkout's path. Outside the checkout, because what lies above a function's code changes what it does.
 */
export function homeDirectory(environment: NodeJS.ProcessEnv = process.env): string {
  if (environment.MIAOBU_HOME) return path.resolve(environment.MIAOBU_HOME);
  const name = `${path.basename(checkout)}-${createHash('sha256').update(checkout).digest('hex').slice(0, 10)}`;
  return path.join(cacheDirectory(environment), 'miaobu', name);
}
