import { availableParallelism } from 'node:os';

/** Tools start a worker a core or two, each with a dozen threads; a fork bomb has them all in a moment. */
const PROCESSES = 512 + 256 * availableParallelism();
const FILE_BYTES = 4 * 1024 ** 3;
/** What `ulimit -f` counts in, by POSIX. */
const BLOCK_BYTES = 512;

/**
 * What `/bin/sh` is called with to run a command within limits that it cannot raise again: the size of one file, no core dumps, and
 * the processes and threads of the build's user, where it has one of its own. When memory runs out the system ends the build before
 * anything else. The process stays the same, so that it leads its group.
 */
export function limitedShell(command: string, { ownUser }: { readonly ownUser: boolean }): string[] {
  const limits = [
    'ulimit -c 0',
    `ulimit -f ${FILE_BYTES / BLOCK_BYTES}`,
    // The one letter is bash's and the other's dash's. Elsewhere the number would count what others run as well.
    ...(ownUser ? [`ulimit -u ${PROCESSES} 2>/dev/null || ulimit -p ${PROCESSES}`] : []),
    'test ! -w /proc/self/oom_score_adj || echo 1000 >/proc/self/oom_score_adj',
  ];
  return ['-c', `{ ${limits.join('; ')}; } 2>/dev/null; exec /bin/sh -c "$0"`, command];
}
