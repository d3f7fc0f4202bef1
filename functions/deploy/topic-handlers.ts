import type { deployTopics } from '@miaobu/shared/contracts/messages';
import type { Sealer } from '@miaobu/shared/kernel/seal';
import type { ReadGithubToken } from '@miaobu/shared/model/account/read-github-token';
import type { BuildTokens } from '@miaobu/shared/model/build/build-tokens';
import type { RootKeys } from '@miaobu/shared/model/key/root-keys';
import type { TopicHandlers } from '@miaobu/shared/model/outbox/work-outbox';
import type { SiteAddress } from '@miaobu/shared/model/project/site-address';
import type { Store } from '@miaobu/shared/model/repositories';
import type { AlertChannel } from '@miaobu/shared/ports/alert-channel';
import type { BuildLog } from '@miaobu/shared/ports/build-log';
import type { BuildRunner } from '@miaobu/shared/ports/build-runner';
import type { CodeHost } from '@miaobu/shared/ports/code-host';
import type { DnsZone } from '@miaobu/shared/ports/dns-zone';
import type { EdgeStore } from '@miaobu/shared/ports/edge-store';
import type { EdgeZone } from '@miaobu/shared/ports/edge-zone';
import type { ObjectStore } from '@miaobu/shared/ports/object-store';
import type { SiteProbe } from '@miaobu/shared/ports/site-probe';
import { activateDeployment } from './activate-deployment.ts';
import { cancelRun } from './cancel-run.ts';
import { connectHook } from './connect-hook.ts';
import { connectHostname } from './connect-hostname.ts';
import { probeRoute } from './probe-route.ts';
import { publishRoute } from './publish-route.ts';
import { purgeCache } from './purge-cache.ts';
import { redeliverFailed } from './redeliver-failed.ts';
import { rescueDeployment } from './rescue-deployment.ts';
import { resealValues } from './reseal-values.ts';
import { rewrapKeys } from './rewrap-keys.ts';
import { scrubRoutes } from './scrub-routes.ts';
import { sendAlert } from './send-alert.ts';
import { showCommitStatus } from './show-commit-status.ts';
import { startBuild } from './start-build.ts';
import { syncBranch } from './sync-branch.ts';
import { teardownProject } from './teardown-project.ts';

export interface Deps {
  readonly store: Store;
  readonly sealer: Sealer;
  readonly rootKeys: RootKeys;
  readonly tokens: BuildTokens;
  readonly readGithubToken: ReadGithubToken;
  readonly codeHost: CodeHost;
  readonly buildRunner: BuildRunner;
  readonly objectStore: ObjectStore;
  readonly edgeStore: EdgeStore;
  readonly edgeZone: EdgeZone;
  readonly dnsZone: DnsZone;
  readonly buildLog: Pick<BuildLog, 'delete'>;
  readonly siteProbe: SiteProbe;
  /** Undefined when the operator configured none. */
  readonly alertChannel: AlertChannel | undefined;
  readonly address: SiteAddress;
  /** The platform's own origin. */
  readonly controlOrigin: string;
  /** The bucket's virtual host, from which the edge reads files. */
  readonly originBucketDomain: string;
  readonly now: () => Date;
  readonly monotonicMs: () => number;
}

/** The handler of each of `deploy`'s topics (`contracts/messages.ts`). */
export const topicHandlers = (deps: Deps): TopicHandlers<(typeof deployTopics)[number]> => ({
  'hostname.connect': connectHostname(deps),
  'hook.connect': connectHook(deps),
  'hook.redeliver': redeliverFailed(deps),
  'branch.sync': syncBranch(deps),
  'build.start': startBuild(deps),
  'run.cancel': cancelRun(deps),
  'deployment.rescue': rescueDeployment(deps),
  'deployment.activate': activateDeployment(deps),
  'route.publish': publishRoute(deps),
  'route.scrub': scrubRoutes(deps),
  'route.probe': probeRoute(deps),
  'cache.purge': purgeCache(deps),
  'commit.status': showCommitStatus(deps),
  'alert.send': sendAlert(deps),
  'keys.rewrap': rewrapKeys(deps),
  'keys.reseal': resealValues(deps),
  'project.teardown': teardownProject(deps),
});
