import { outboxMessage } from '../outbox/outbox-message.ts';

/** Asks the edge to forget what it has cached of a hostname. */
export const purgeCacheMessage = (hostname: string, requestId: string) =>
  outboxMessage('cache.purge', { hostname }, { lane: `purge:${hostname}`, key: hostname, requestId });
