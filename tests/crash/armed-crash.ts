import type { IncomingMessage } from 'node:http';
import type { Observer } from '../../local/wire/faults.ts';
import { buildersOf, type CallingProcess, callingProcess } from './calling-process.ts';
import type { Boundary, CrashMode, CrashPoint } from './crash-points.ts';
import type { StatementObserver } from './postgres-proxy.ts';

/** What happened to which process, once it has happened. */
export interface Crash {
  readonly pid: number;
  /** For `hang`: resumes the stopped process, and lets through what it had sent. */
  release(): void;
}

/** Where to strike: the part of a crash point that defines it. */
export type ArmedPoint = Pick<CrashPoint, 'at' | 'side' | 'by' | 'victim' | 'skip'>;

export interface CrashWire {
  /** Arms one crash; resolves when it has struck. */
  arm(point: ArmedPoint, mode: CrashMode): Promise<Crash>;
  /** Does something else at a point, before the intercepted request continues; resolves when it is done. */
  interrupt(point: ArmedPoint, act: () => Promise<void>): Promise<void>;
  disarm(): void;
  readonly onCall: Observer;
  readonly onStatement: StatementObserver;
}

interface Armed {
  readonly point: ArmedPoint;
  readonly strike: (caller: CallingProcess) => Promise<'pass' | 'fail'>;
  left: number;
}

const isCall = (at: Boundary, service: string, { method, url, headers }: IncomingMessage) =>
  'service' in at &&
  at.service === service &&
  (at.method === undefined || at.method === method) &&
  (at.action === undefined || at.action === headers['x-acs-action']) &&
  (at.url === undefined || at.url.test(decodeURIComponent(url ?? '')));

/** A statement outside of a transaction is its own commit. */
const isStatement = (at: Boundary, statement: string, transaction: string) =>
  ('statement' in at && at.statement.test(statement)) ||
  ('commitOf' in at && (/^\s*commit/i.test(statement) || statement === transaction) && at.commitOf.test(transaction));

/** The ends of a call or a statement: the caller's port, and the port it connected to. */
interface Ends {
  readonly from: number;
  readonly to: number;
}

/** Strikes the platform's processes from outside, at their calls to the cloud and to Postgres. */
export function createCrashWire(home: string, postgresPort: () => number): CrashWire {
  let armed: Armed | undefined;

  const strike = async ({ from, to }: Ends): Promise<'pass' | 'fail'> => {
    const caller = callingProcess(from, to);
    if (!armed || caller?.name !== armed.point.by) return 'pass';
    if (armed.left > 0) {
      armed.left -= 1;
      return 'pass';
    }
    const { strike: act } = armed;
    armed = undefined;
    return act(caller);
  };

  return {
    arm: (point, mode) =>
      new Promise((struck) => {
        const callerIsStruck = point.victim === undefined;
        armed = {
          point,
          left: point.skip ?? 0,
          strike: (caller) => crash(callerIsStruck ? caller.pid : builderOf(home), mode, cuts(point), struck),
        };
      }),
    interrupt: (point, act) =>
      new Promise((resolve, reject) => {
        const strike = async () => {
          await act().then(resolve, reject);
          return 'pass' as const;
        };
        armed = { point, left: point.skip ?? 0, strike };
      }),
    disarm() {
      armed = undefined;
    },
    async onCall({ service, request, side }) {
      if (armed?.point.side !== side || !isCall(armed.point.at, service, request)) return 'pass';
      return strike({ from: request.socket.remotePort ?? 0, to: request.socket.localPort ?? 0 });
    },
    async onStatement({ statement, transaction, side, callerPort }) {
      if (armed?.point.side !== side || !isStatement(armed.point.at, statement, transaction)) return 'pass';
      return strike({ from: callerPort, to: postgresPort() });
    },
  };
}

function builderOf(home: string): number {
  const [builder] = buildersOf(home);
  if (builder === undefined) throw new Error('no builder runs that could be struck');
  return builder;
}

/**
 * Whether a kill keeps what is being said from getting through: of who is struck all of it, and of a function for a builder that is struck
 * what it had not said yet.
 */
const cuts = ({ victim, side }: ArmedPoint) => victim === undefined || side === 'before';

async function crash(
  pid: number,
  mode: CrashMode,
  isCut: boolean,
  struck: (crash: Crash) => void,
): Promise<'pass' | 'fail'> {
  switch (mode) {
    case 'kill':
      process.kill(pid, 'SIGKILL');
      struck({ pid, release: () => {} });
      return isCut ? 'fail' : 'pass';
    case 'throw':
      struck({ pid, release: () => {} });
      return 'fail';
    case 'hang':
      process.kill(pid, 'SIGSTOP');
      return new Promise((resolve) => {
        struck({
          pid,
          release() {
            process.kill(pid, 'SIGCONT');
            resolve('pass');
          },
        });
      });
  }
}
