import { isProcessAlive } from '../processes/process-alive.ts';
import type { Reaper } from '../processes/reaper.ts';
import { type Postgres, type PostgresOptions, startPostgres } from './start-postgres.ts';

const LOOK_EVERY_MS = 500;

export interface KeepPostgres extends PostgresOptions {
  readonly reaper: Pick<Reaper, 'askToEnd' | 'release'>;
  readonly log: (line: string) => void;
}

/**
 * Starts Postgres, and restarts it on the same port whenever it ends by itself: its clients have the address in their
 * configuration. What was committed is recovered from its write-ahead log. It ends with this process, in an orderly way.
 */
export async function keepPostgres({ reaper, ...options }: KeepPostgres): Promise<Postgres> {
  let watched: number | undefined;
  const started = (pid: number) => {
    if (watched !== undefined) reaper.release(watched);
    reaper.askToEnd(pid);
    watched = pid;
  };
  const first = await startPostgres({ ...options, started });
  const port = Number(new URL(first.url()).port);
  let current = first;
  let restarting: Promise<void> | undefined;
  let complaint: string | undefined;

  const restart = async () => {
    if (complaint === undefined) options.log('Postgres has ended and is started again.');
    try {
      current = await startPostgres({ ...options, started, port });
      complaint = undefined;
    } catch (error) {
      const { message } = error as Error;
      if (message !== complaint) options.log(message);
      complaint = message;
    } finally {
      restarting = undefined;
    }
  };
  const timer = setInterval(() => {
    if (restarting === undefined && !isProcessAlive(current.pid)) restarting = restart();
  }, LOOK_EVERY_MS);
  timer.unref();
  return {
    url: first.url,
    adopted: first.adopted,
    get pid() {
      return current.pid;
    },
    async stop() {
      clearInterval(timer);
      await restarting;
      await current.stop();
      if (watched !== undefined) reaper.release(watched);
    },
  };
}
