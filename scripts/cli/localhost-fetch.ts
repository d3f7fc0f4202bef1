import { lookup as resolve } from 'node:dns';
import type { LookupFunction } from 'node:net';
import { Agent, fetch } from 'undici';

// `*.localhost` is this machine (RFC 6761), but Node asks the resolver, which often does not know that.
const lookup: LookupFunction = (hostname, options, callback) => {
  if (!hostname.endsWith('.localhost')) resolve(hostname, options, callback);
  else if (options.all) callback(null, [{ address: '127.0.0.1', family: 4 }]);
  else callback(null, '127.0.0.1', 4);
};

const dispatcher = new Agent({ connect: { lookup } });

/** `fetch` that finds the local cloud, whose hosts are named `*.localhost`. */
export const localhostFetch: typeof globalThis.fetch = (input, init) =>
  // The package's fetch and the global one are the same code in two versions; only their types keep apart.
  fetch(input as Parameters<typeof fetch>[0], { ...(init as Parameters<typeof fetch>[1]), dispatcher }) as never;
