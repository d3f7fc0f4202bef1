import { request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Emulator } from './wire/emulator.ts';

export interface FrontDoorOptions {
  /** Hostname of the control plane, a custom domain of Function Compute. */
  readonly controlHost: string;
  readonly functions: {
    servesHost(host: string): boolean;
    invokeByDomain(host: string, request: IncomingMessage, response: ServerResponse): Promise<void>;
  };
  readonly edgePort: () => number;
}

/** Names that resolve here without a hosts file, in every client: they mean the control plane. */
const PLAIN_NAMES = new Set(['localhost', '127.0.0.1', '[::1]']);

const hostnameOf = (host: string) => host.replace(/:\d+$/, '').toLowerCase();

/**
 * The public internet of the local cloud, on one port: the control plane's hostname leads to Function Compute, every other to the
 * edge, untouched.
 */
export function createFrontDoor(options: FrontDoorOptions): Pick<Emulator, 'handle'> {
  return {
    handle(request, response) {
      const host = hostnameOf(request.headers.host ?? '');
      const asked = PLAIN_NAMES.has(host) ? options.controlHost : host;
      if (options.functions.servesHost(asked)) return options.functions.invokeByDomain(asked, request, response);
      return passOn(request, response, options.edgePort());
    },
  };
}

function passOn(request: IncomingMessage, response: ServerResponse, port: number): Promise<void> {
  return new Promise((resolve) => {
    response.once('close', resolve);
    const onward = httpRequest(
      { host: '127.0.0.1', port, method: request.method, path: request.url, headers: request.headers, setHost: false },
      (answer) => {
        response.writeHead(answer.statusCode ?? 502, answer.rawHeaders);
        answer.pipe(response);
        answer.once('error', () => response.destroy());
      },
    );
    onward.once('error', () => {
      if (response.headersSent) response.destroy();
      else response.writeHead(502, { 'content-type': 'text/plain' }).end('the edge does not answer\n');
    });
    response.once('close', () => onward.destroy());
    request.pipe(onward);
  });
}
