import type { IncomingMessage } from 'node:http';

/**
 * Sets ESA's headers with the client address: `ali-real-client-ip` is the peer's address whatever the client
 * claimed, and `x-forwarded-for` has it appended.
 */
export function setClientAddress(request: IncomingMessage): void {
  const address = (request.socket.remoteAddress ?? '').replace(/^::ffff:/, '');
  const kept: string[] = [];
  const forwarded: string[] = [];
  for (let i = 0; i + 1 < request.rawHeaders.length; i += 2) {
    const [name = '', value = ''] = [request.rawHeaders[i], request.rawHeaders[i + 1]];
    if (name.toLowerCase() === 'x-forwarded-for') forwarded.push(value);
    else if (name.toLowerCase() !== 'ali-real-client-ip') kept.push(name, value);
  }
  kept.push('ali-real-client-ip', address, 'x-forwarded-for', [...forwarded, address].join(', '));
  // The adapter builds the routine's Request from the raw headers.
  request.rawHeaders = kept;
}
