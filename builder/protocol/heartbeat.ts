import { type BuildReport, HEARTBEAT_SECONDS } from '@miaobu/shared/contracts/build-job';
import { AttemptOver } from '../build-failure.ts';
import type { PlatformClient } from './platform-client.ts';
import type { RetryOptions } from './retry-request.ts';

/** A heartbeat not answered by then is abandoned for the next one. */
export const HEARTBEAT_PATIENCE_SECONDS = 2;

type WithoutSeq<T> = T extends unknown ? Omit<T, 'seq'> : never;
export type Report = WithoutSeq<BuildReport>;

export interface Reporter {
  /** Reports that the build begins. Does not throw: if the platform cannot be reached, the run ends through `end`. */
  building(): Promise<void>;
  /** The last report, after which there is no heartbeat. */
  conclude(report: Report, options?: RetryOptions): Promise<void>;
  /** No more heartbeats. */
  stop(): void;
}

/**
 * Numbers the reports of an attempt and sends heartbeats while there is nothing else to report. When an answer says `stop`, `end`
 * is called with an `AttemptOver`.
 */
export function startReporting({
  client,
  token,
  signal,
  end,
}: {
  client: Pick<PlatformClient, 'report'>;
  token: string;
  signal: AbortSignal;
  end: (reason: Error) => void;
}): Reporter {
  let seq = 0;
  const heartbeats = new AbortController();

  async function send(report: Report, options: RetryOptions): Promise<void> {
    seq += 1;
    const answer = await client.report(token, { ...report, seq }, options);
    if (answer.stop) throw new AttemptOver('the platform has stopped this attempt');
  }

  async function beat() {
    const late = new AbortController();
    const patience = setTimeout(() => late.abort(new Error('no answer')), HEARTBEAT_PATIENCE_SECONDS * 1000);
    try {
      // One try: the next heartbeat is the retry.
      await send({ kind: 'heartbeat' }, { signal: AbortSignal.any([heartbeats.signal, late.signal]), forMs: 0 });
    } catch (error) {
      if (error instanceof AttemptOver) end(error);
    }
    clearTimeout(patience);
    schedule();
  }

  let timer: NodeJS.Timeout | undefined;
  function schedule() {
    clearTimeout(timer);
    if (!heartbeats.signal.aborted) timer = setTimeout(() => void beat(), HEARTBEAT_SECONDS * 1000);
  }

  function stop() {
    heartbeats.abort();
    clearTimeout(timer);
  }

  schedule();
  signal.addEventListener('abort', stop, { once: true });

  return {
    stop,
    async building() {
      try {
        await send({ kind: 'building' }, { signal });
        schedule();
      } catch (error) {
        end(error instanceof Error ? error : new Error(String(error)));
      }
    },
    async conclude(report, options = {}) {
      stop();
      seq += 1;
      await client.report(token, { ...report, seq }, options);
    },
  };
}
