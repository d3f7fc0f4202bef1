import { kvKey, parseRoute, ROUTE_NAMESPACE, shardKey, TABLE_NAMESPACE } from '@miaobu/shared/contracts/edge-route';
import { deploymentPrefix } from '@miaobu/shared/contracts/manifest';
import type { Topic } from '@miaobu/shared/contracts/messages';
import { outbox } from '@miaobu/shared/db/outbox';
import { showId } from '@miaobu/shared/kernel/ids';
import { type TopicHandlers, workOutbox } from '@miaobu/shared/model/outbox/work-outbox';
import { createLog } from '@miaobu/shared/runtime/logger';
import { activateDeployment } from '../../functions/deploy/activate-deployment.ts';
import { publishRoute } from '../../functions/deploy/publish-route.ts';
import { purgeCache } from '../../functions/deploy/purge-cache.ts';
import { callbackUnderTest, playBuild, type SiteFiles } from './callback-under-test.ts';
import type { CloudUnderTest } from './cloud-under-test.ts';
import { dispatchAttempt, queueTestDeployment, type Site, type TestStore } from './prepare-deployment.ts';

/** Works outbox topics as an invocation does, except that sleeping takes no time. */
export function workerUnderTest(stored: TestStore, log: (line: string) => void = () => {}) {
  return async <T extends Topic>(handlers: TopicHandlers<T>, options: { readonly owner?: string } = {}) => {
    let ms = 0;
    return workOutbox(
      {
        outbox: outbox(stored.db),
        store: stored.store,
        owner: options.owner ?? 'worker',
        monotonicMs: () => ms,
        sleep: async (sleptMs) => {
          ms += sleptMs;
          await stored.moveClock(sleptMs / 1000);
        },
      },
      handlers,
      { requestId: 'timer', log: createLog({}, log), signal: new AbortController().signal },
      600,
    );
  };
}

/** From a finished build to a visible site: the topics that switch and publish, on emulators. */
export function deployUnderTest(stored: TestStore, cloud: CloudUnderTest) {
  const { store } = stored;
  const { objectStore, edgeStore, edgeZone } = cloud;
  const log: string[] = [];
  const callback = callbackUnderTest(stored, {
    objectStore,
    // The builds played here fetch no source and print nothing.
    codeHost: { archiveUrl: async () => 'https://archive.example/site.tar.gz' },
    buildLog: { append: async () => 1 },
  });
  const handlers = {
    'deployment.activate': activateDeployment({ store, objectStore, edgeStore, monotonicMs: () => 0 }),
    'route.publish': publishRoute({ store, edgeStore }),
    'cache.purge': purgeCache({ edgeZone }),
  };
  const work = workerUnderTest(stored, (line) => log.push(line));
  return {
    callback,
    handlers,
    /** What was logged, a line each. */
    log,
    /** Works until nothing is due. */
    work: () => work(handlers),
    workOn: work,
    /** A run was started and has redeemed nothing yet. */
    async begin(site: Site) {
      const { id } = await queueTestDeployment(stored, site);
      return dispatchAttempt(stored, id);
    },
    /** A build that is reported as uploaded; what its activation does is still to come. */
    async build(site: Site, files: SiteFiles, lies: Parameters<typeof playBuild>[3] = {}): Promise<string> {
      const { id } = await queueTestDeployment(stored, site);
      await playBuild(callback, await dispatchAttempt(stored, id), files, lies);
      return id;
    },
    /** What the edge is told about a hostname. */
    async routeOf(hostname: string) {
      const value = await edgeStore.get(ROUTE_NAMESPACE, kvKey(hostname));
      return value === undefined ? undefined : parseRoute(value);
    },
    /** Id of the deployment that a hostname shows, in the database's format; undefined: none. */
    async shownAt(hostname: string, among: readonly string[]): Promise<string | undefined> {
      const value = await edgeStore.get(ROUTE_NAMESPACE, kvKey(hostname));
      const route = value === undefined ? undefined : parseRoute(value);
      return among.find((id) => showId('deployment', id) === route?.deployment_id);
    },
    firstShardOf: (id: string) => edgeStore.get(TABLE_NAMESPACE, shardKey(showId('deployment', id), 0)),
    /** Keys of everything in the bucket that belongs to this deployment alone. */
    async objectsOf({ project }: Site, id: string): Promise<string[]> {
      const prefix = `${deploymentPrefix(project.slug, showId('deployment', id))}/`;
      return (await objectStore.list(prefix)).objects.map(({ key }) => key.slice(prefix.length));
    },
  };
}
export type DeployUnderTest = ReturnType<typeof deployUnderTest>;
