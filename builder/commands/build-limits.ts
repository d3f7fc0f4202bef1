import { availableParallelism } from 'node:os';

/** Tools start one or two workers per core, each with a dozen threads; a fork bomb uses the limit up at once. */
const PROCESSES = 512 + 256 * availableParallelism();
const FILE_BYTES = 4 * 1024 ** 3;
/** The unit of `ulimit -f`, by POSIX. */
const BLOCK_BYTES = 512;

/**
 * Arguments for `/bin/sh` to run a command within limits that it cannot raise again: the size of one file, no core dumps, and
 * the number of processes and threads, where the build has a user of its own. When memory runs out the system kills the build before
 * anything else. The process is replaced, not forked, so it still leads its group.
 */
export function limitedShell(command: string, { ownUser }: { readonly ownUser: boolean }): string[] {
  const limits = [
    'ulimit -c 0',
    `ulimit -f ${FILE_BYTES / BLOCK_BYTES}`,
    // One letter is bash's, the other dash's. Without its own user, the limit would count other processes too.
    ...(ownUser ? [`ulimit -u ${PROCESSES} 2>/dev/null || ulimit -p ${PROCESSES}`] : []),
    'test ! -w /proc/self/oom_score_adj || echo 1000 >/proc/self/oom_score_adj',
  ];
  return ['-c', `{ ${limits.join('; ')}; } 2>/dev/null; exec /bin/sh -c "$0"`, command];
}
