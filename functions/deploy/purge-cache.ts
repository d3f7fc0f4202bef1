import type { TopicHandler } from '@miaobu/shared/model/outbox/work-outbox';
import type { EdgeZone } from '@miaobu/shared/ports/edge-zone';

/**
 * `cache.purge`: asks the edge to forget what it cached of a hostname. Only an optimisation, and droppable: contents are
 * addressed by hash, so nothing stale can be served under a new deployment.
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
