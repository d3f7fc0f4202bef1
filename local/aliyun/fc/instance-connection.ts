import { Agent, request as httpRequest, type IncomingMessage, type OutgoingHttpHeaders } from 'node:http';
import { connect } from 'node:net';

export interface InstanceRequest {
  readonly method: string;
  /** Path and query. */
  readonly path: string;
  readonly headers: OutgoingHttpHeaders | readonly string[];
  /** Given what the function gets as a body; ends it. Without it the body is empty. */
  readonly send?: (body: NodeJS.WritableStream) => void;
  readonly signal: AbortSignal;
}

/** The HTTP connection to the server a function runs. */
export interface InstanceConnection {
  /** Resolves with the head of the answer; rejects when the function ends the connection, or with the signal. */
  request(request: InstanceRequest): Promise<IncomingMessage>;
  /** Ends idle connections. A frozen server cannot see its keep-alive timeout pass, and would close them on waking. */
  rest(): void;
  /** `listening`, `silent`, or `loopback` for a server that only this machine itself could reach. */
  probe(): Promise<'listening' | 'loopback' | 'silent'>;
}

const LOOPBACK = '127.0.0.1';
// On FC a server that is bound to 127.0.0.1 is never found. Linux answers for all of 127.0.0.0/8 but binds addresses
// one by one, so that 127.0.0.2 shows the same mistake. macOS has the one address only.
const OUTSIDE = process.platform === 'linux' ? '127.0.0.2' : LOOPBACK;
const IDLE_CONNECTION_MS = 1000;

export function connectInstance(port: number): InstanceConnection {
  const agent = new Agent({ keepAlive: true, timeout: IDLE_CONNECTION_MS });
  return {
    rest: () => agent.destroy(),
    async probe() {
      if (await accepts(OUTSIDE, port)) return 'listening';
      if (OUTSIDE === LOOPBACK || !(await accepts(LOOPBACK, port))) return 'silent';
      // It may have begun to listen between the two checks, so this is checked last.
      return (await accepts(OUTSIDE, port)) ? 'listening' : 'loopback';
    },
    request: ({ method, path, headers, send, signal }) =>
      new Promise((resolve, reject) => {
        const outgoing = httpRequest({ host: OUTSIDE, port, method, path, headers, agent, signal });
        outgoing.once('response', resolve);
        outgoing.once('error', reject);
        // Once the answer has begun, a broken connection shows on the answer.
        outgoing.on('error', () => {});
        if (send) send(outgoing);
        else outgoing.end();
      }),
  };
}

const accepts = (host: string, port: number) =>
  new Promise<boolean>((resolve) => {
    const socket = connect({ host, port });
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
