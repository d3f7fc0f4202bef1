import type { TopicHandler } from '@miaobu/shared/model/outbox/work-outbox';
import type { Store } from '@miaobu/shared/model/repositories';
import type { DnsZone } from '@miaobu/shared/ports/dns-zone';
import type { EdgeZone } from '@miaobu/shared/ports/edge-zone';

export interface Deps {
  readonly store: Pick<Store, 'transaction'>;
  readonly edgeZone: Pick<EdgeZone, 'ensureSiteRecord'>;
  readonly dnsZone: Pick<DnsZone, 'upsertCname'>;
  /** Virtual host of the bucket that the edge reads files from. */
  readonly originBucketDomain: string;
}

const DNS_TTL_SECONDS = 600;

/**
 * `hostname.connect`: the hostname's record at the edge, and the CNAME that leads to it. Both are adopted if they exist. That one was
 * missing which the ledger says is present is noted in the audit log.
 */
export const connectHostname = (deps: Deps): TopicHandler<'hostname.connect'> => ({
  async work({ project_id: projectId, hostname }, lease, { requestId }) {
    const ledger = await deps.store.transaction(async (repositories) => {
      if (!(await repositories.projects.find(projectId))) return undefined;
      const record = await repositories.cloudResources.isPresent('edge_record', hostname);
      const alias = await repositories.cloudResources.isPresent('dns_cname', hostname);
      await repositories.cloudResources.intend({ kind: 'edge_record', externalId: hostname, projectId });
      await repositories.cloudResources.intend({ kind: 'dns_cname', externalId: hostname, projectId });
      return { record, alias };
    });
    if (!ledger) return undefined;
    lease.assertTrusted();
    const { originBucketDomain } = deps;
    const record = await deps.edgeZone.ensureSiteRecord({ hostname, originBucketDomain });
    const alias = await deps.dnsZone.upsertCname({ hostname, target: record.cname, ttlSeconds: DNS_TTL_SECONDS });
    const repaired = [
      ...(ledger.record && record.changed ? ['edge_record'] : []),
      ...(ledger.alias && alias.changed ? ['dns_cname'] : []),
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
  },
});
