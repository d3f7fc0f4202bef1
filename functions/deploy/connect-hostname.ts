import { kvKey, ROUTE_NAMESPACE } from '@miaobu/shared/contracts/edge-route';
import type { Conclusion, Lease, TopicHandler } from '@miaobu/shared/model/outbox/work-outbox';
import { connectHostnameMessage } from '@miaobu/shared/model/project/connect-hostname-message';
import type { Store } from '@miaobu/shared/model/repositories';
import { publishMessage } from '@miaobu/shared/model/route/publish-message';
import type { DnsZone } from '@miaobu/shared/ports/dns-zone';
import type { EdgeStore } from '@miaobu/shared/ports/edge-store';
import type { EdgeZone } from '@miaobu/shared/ports/edge-zone';

export interface Deps {
  readonly store: Pick<Store, 'transaction'>;
  readonly edgeStore: Pick<EdgeStore, 'get'>;
  readonly edgeZone: Pick<EdgeZone, 'ensureSiteRecord' | 'deleteSiteRecord'>;
  readonly dnsZone: Pick<DnsZone, 'upsertCname' | 'deleteCname'>;
  /** The bucket's virtual host, from which the edge reads files. */
  readonly originBucketDomain: string;
}

interface Hostname {
  readonly projectId: string;
  readonly hostname: string;
}

const DNS_TTL_SECONDS = 600;
/** How soon to check again whether `route.publish` has removed the hostname from the edge. */
const ROUTE_AGAIN_SECONDS = 2;

/**
 * `hostname.connect`: the hostname's record at the edge, and the CNAME to it; neither while its environment is disabled. Existing ones
 * are adopted. If one is missing that the ledger says is present, the audit log records it.
 */
export const connectHostname = (deps: Deps): TopicHandler<'hostname.connect'> => ({
  async work({ project_id: projectId, hostname }, lease, { requestId }) {
    const wanted = await deps.store.transaction(async (repositories) => {
      const environment = await repositories.environments.lockByHostname(hostname);
      if (!(await repositories.projects.find(projectId))) return undefined;
      if (environment?.disabledAt) {
        await repositories.cloudResources.startRemoving(hostname);
        return 'nothing';
      }
      const record = await repositories.cloudResources.isPresent('edge_record', hostname);
      const alias = await repositories.cloudResources.isPresent('dns_cname', hostname);
      await repositories.cloudResources.intend({ kind: 'edge_record', externalId: hostname, projectId });
      await repositories.cloudResources.intend({ kind: 'dns_cname', externalId: hostname, projectId });
      return { record, alias };
    });
    switch (wanted) {
      case undefined:
        return undefined;
      case 'nothing':
        return disconnect(deps, { projectId, hostname }, lease, requestId);
      default:
        return connect(deps, { projectId, hostname }, wanted, lease, requestId);
    }
  },
});

/** `known`: present according to the ledger. */
async function connect(
  deps: Deps,
  { hostname }: Hostname,
  known: { readonly record: boolean; readonly alias: boolean },
  lease: Lease,
  requestId: string,
): Promise<Conclusion> {
  const { originBucketDomain } = deps;
  const record = await deps.edgeZone.ensureSiteRecord({ hostname, originBucketDomain }, lease.assertTrusted);
  const wanted = { hostname, target: record.cname, ttlSeconds: DNS_TTL_SECONDS };
  const alias = await deps.dnsZone.upsertCname(wanted, lease.assertTrusted);
  const repaired = [
    ...(known.record && record.changed ? ['edge_record'] : []),
    ...(known.alias && alias.changed ? ['dns_cname'] : []),
  ];
  return async (repositories) => {
    await repositories.cloudResources.confirm('edge_record', hostname);
    await repositories.cloudResources.confirm('dns_cname', hostname);
    if (repaired.length === 0) return;
    const details = { repaired };
    await repositories.auditLog.append({
      actor: 'deploy',
      action: 'hostname.repaired',
      subject: hostname,
      details,
      requestId,
    });
  };
}

/** Routes first: while the edge has something to show there, its DNS stays. */
async function disconnect(deps: Deps, { projectId, hostname }: Hostname, lease: Lease, requestId: string) {
  lease.assertTrusted();
  if ((await deps.edgeStore.get(ROUTE_NAMESPACE, kvKey(hostname))) !== undefined) {
    const again: Conclusion = (repositories) =>
      repositories.enqueue(
        publishMessage(hostname, requestId),
        connectHostnameMessage(projectId, hostname, requestId, ROUTE_AGAIN_SECONDS),
      );
    return again;
  }
  await deps.edgeZone.deleteSiteRecord(hostname, lease.assertTrusted);
  lease.assertTrusted();
  await deps.dnsZone.deleteCname(hostname);
  const forget: Conclusion = async (repositories) => {
    const environment = await repositories.environments.lockByHostname(hostname);
    // Enabled again meanwhile: then a message to connect it is pending.
    if (!environment?.disabledAt) return;
    await repositories.cloudResources.forget('edge_record', hostname);
    await repositories.cloudResources.forget('dns_cname', hostname);
  };
  return forget;
}
