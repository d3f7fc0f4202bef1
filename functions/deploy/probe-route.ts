import { showId } from '@miaobu/shared/kernel/ids';
import type { TopicHandler } from '@miaobu/shared/model/outbox/work-outbox';
import type { Store } from '@miaobu/shared/model/repositories';
import { probeMessage } from '@miaobu/shared/model/route/probe-message';
import type { SiteProbe } from '@miaobu/shared/ports/site-probe';

/** Edge KV's worst-case propagation (its documentation: 300 s; mostly it takes seconds). */
export const EVERYWHERE_SECONDS = 300;
const AGAIN_SECONDS = 30;
const GIVE_UP_SECONDS = 60 * 60;

export interface Deps {
  readonly store: Pick<Store, 'deployments' | 'environments' | 'routes'>;
  readonly siteProbe: SiteProbe;
}

/**
 * `route.probe`: published is one fact, live everywhere another. Once every edge node has had time to update, probes the deployment's
 * hostnames as a visitor would, until all show it, it is no longer current, or an hour has passed. Droppable.
 */
export const probeRoute = ({ store, siteProbe }: Deps): TopicHandler<'route.probe'> => ({
  droppable: true,
  async work({ deployment_id: deploymentId }, lease, { requestId, log }) {
    const deployment = await store.deployments.find(deploymentId);
    const environment = deployment && (await store.environments.find(deployment.environmentId));
    const age = await store.deployments.publishedSecondsAgo(deploymentId);
    if (!deployment || age === undefined || deployment.liveEverywhereAt) return undefined;
    if (environment?.currentDeploymentId !== deploymentId) return undefined;
    const again = (seconds: number) => probeMessage(deploymentId, requestId, seconds);
    if (age < EVERYWHERE_SECONDS) return (repositories) => repositories.enqueue(again(EVERYWHERE_SECONDS - age));

    const elsewhere: string[] = [];
    for (const hostname of await store.routes.listOfEnvironment(environment.id)) {
      lease.assertTrusted();
      if ((await siteProbe.deploymentAt(hostname)) !== showId('deployment', deploymentId)) elsewhere.push(hostname);
    }
    if (elsewhere.length === 0) {
      return (repositories) => repositories.deployments.markLiveEverywhere(deploymentId, EVERYWHERE_SECONDS);
    }
    if (age < GIVE_UP_SECONDS) return (repositories) => repositories.enqueue(again(AGAIN_SECONDS));
    log.warn('not seen everywhere an hour after publication', { hostnames: elsewhere.slice(0, 5) });
    return undefined;
  },
});
