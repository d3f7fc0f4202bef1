import { outboxMessage } from '../outbox/outbox-message.ts';

/** Requests a purge of the edge's cache for a hostname. */
export const purgeCacheMessage = (hostname: string, requestId: string) =>
  outboxMessage('cache.purge', { hostname }, { lane: `purge:${hostname}`, key: hostname, requestId });
