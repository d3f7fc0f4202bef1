import { StartError } from './start-error.ts';

const PARENT_CHECK_MS = 500;

/** Whether and when this process is asked to end. */
export interface StopSignal {
  readonly asked: boolean;
  /** Resolves when it is asked. */
  readonly promise: Promise<void>;
  /** The result of `work`, or a rejection as soon as the process is asked to end; the work continues in the background. */
  orResult<T>(work: Promise<T>): Promise<T>;
}

/**
 * Ctrl-C, `kill`, a closed terminal, and the death of npm, which is not passed on by npm when it is killed by force.
 * A second Ctrl-C does not wait.
 */
export function listenForStop(): StopSignal {
  let asked = false;
  let ask = () => {};
  const promise = new Promise<void>((resolve) => {
    ask = () => {
      asked = true;
      resolve();
    };
  });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      if (asked) process.exit(130);
      ask();
    });
  }
  if (process.env.npm_lifecycle_event !== undefined) {
    const parent = process.ppid;
    setInterval(() => process.ppid === parent || ask(), PARENT_CHECK_MS).unref();
  }
  // A closed terminal or pipe is no reason to end without cleaning up.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});
  const rejection = promise.then(() => Promise.reject(new StartError('stopped')));
  rejection.catch(() => {});
  return {
    get asked() {
      return asked;
    },
    promise,
    orResult: (work) => Promise.race([work, rejection]),
  };
}
