import type { SQLOutputValue } from 'node:sqlite';
import { AcsError } from '../../wire/acs3.ts';
import type { EsaState } from './esa-state.ts';
import type { RpcAction, RpcParameters } from './rpc-service.ts';

export interface Site {
  readonly siteId: number;
  readonly name: string;
}

const toSite = (row: Record<string, SQLOutputValue>): Site => ({ siteId: Number(row.site_id), name: String(row.name) });

/** The site an operation names in `SiteId`. */
export function requiredSite({ database }: EsaState, query: RpcParameters): Site {
  query.required('SiteId');
  const row = database.prepare('select * from sites where site_id = ?').get(query.integer('SiteId') ?? 0);
  if (!row) throw new AcsError(404, 'SiteNotFound', 'The specified site does not exist.');
  return toSite(row);
}

export const allSites = ({ database }: EsaState): Site[] =>
  database.prepare('select * from sites order by site_id').all().map(toSite);

/** Whether a hostname lies in a site's zone. */
export const inSite = (siteName: string, hostname: string) =>
  hostname === siteName || hostname.endsWith(`.${siteName}`);

/** ListSites of ESA 2024-09-10: how a deployer learns the `SiteId`. */
export function siteActions(state: EsaState): Record<string, RpcAction> {
  return {
    ListSites: {
      method: 'GET',
      run({ query }) {
        const name = query.optional('SiteName');
        const found = allSites(state).filter((site) => name === undefined || site.name.includes(name));
        const sites = found.map((site) => ({
          SiteId: site.siteId,
          SiteName: site.name,
          Status: 'active',
          AccessType: 'NS',
          Coverage: 'domestic',
        }));
        return { Sites: sites, TotalCount: sites.length, PageNumber: 1, PageSize: 500 };
      },
    },
  };
}
