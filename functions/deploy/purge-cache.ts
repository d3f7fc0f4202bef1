import type { TopicHandler } from '@miaobu/shared/model/outbox/work-outbox';
import type { EdgeZone } from '@miaobu/shared/ports/edge-zone';

/**
 * `cache.purge`: purges the edge's cache for a hostname. Only an optimisation, and droppable: contents are addressed by hash, so a new
 * deployment never serves stale ones.
 */
export const purgeCache = (deps: {
  readonly edgeZone: Pick<EdgeZone, 'purgeHostname'>;
}): TopicHandler<'cache.purge'> => ({
  droppable: true,
  async work({ hostname }, lease) {
    lease.assertTrusted();
    await deps.edgeZone.purgeHostname(hostname);
    return undefined;
  },
});
