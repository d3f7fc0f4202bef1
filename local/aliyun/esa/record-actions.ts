import type { SQLOutputValue } from 'node:sqlite';
import * as z from 'zod';
import { AcsError } from '../../wire/acs3.ts';
import type { EdgeRecord } from './edge/edge-messages.ts';
import { type EsaState, timestamp } from './esa-state.ts';
import type { RpcAction, RpcParameters } from './rpc-service.ts';
import { inSite, requiredSite } from './site-actions.ts';

const HOSTNAME = /^(\*\.)?([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;
const AUTH_TYPES = ['public', 'private', 'private_same_account', 'private_cross_account'];

type Row = Record<string, SQLOutputValue>;

/**
 * The record operations of ESA 2024-09-10, for the records Miaobu makes: CNAME to an OSS bucket. Other types and sources
 * are refused, with ESA's own codes. `changed` is called after every change.
 */
export function recordActions(state: EsaState, changed: () => void): Record<string, RpcAction> {
  const { database, nextId } = state;
  const select = `select records.*, sites.name as site_name from records join sites using (site_id)`;

  const byId = (query: RpcParameters) => {
    query.required('RecordId');
    const row = database.prepare(`${select} where record_id = ?`).get(query.integer('RecordId') ?? 0);
    if (!row) throw new AcsError(404, 'Record.NotFound', 'The specified record does not exist.');
    return row;
  };
  /** What Create and Update have in common; an absent parameter keeps the record's value. */
  const settings = (query: RpcParameters, before?: Row) => {
    const [type, source] = [query.optional('Type') ?? 'CNAME', query.optional('SourceType') ?? (before ? 'OSS' : '')];
    if (type !== 'CNAME') throw new AcsError(400, 'Record.UnsupportedType', 'The record type is not supported.');
    if (source !== 'OSS')
      throw new AcsError(400, 'Record.UnsupportedSourceType', 'The source type of the record is not supported.');
    const data = z.object({ Value: z.string().min(1) }).safeParse(query.json('Data'));
    if (!data.success) throw new AcsError(400, 'MissingData', 'Data is mandatory for this action.');
    const auth = z.object({ AuthType: z.enum(AUTH_TYPES) }).safeParse(query.json('AuthConf'));
    if (!auth.success && !before)
      throw new AcsError(400, 'Record.SourceEmptyAuthConf', 'The authentication of the origin is missing.');
    const ttl = query.integer('Ttl') ?? Number(before?.ttl ?? 1);
    if (ttl !== 1 && (ttl < 30 || ttl > 86_400))
      throw new AcsError(400, 'Record.TTLExceedLimit', 'TTL must be 1, or between 30 and 86400 seconds.');
    const proxied = query.flag('Proxied') ?? before?.proxied === 1;
    const bizName = query.optional('BizName') ?? String(before?.biz_name ?? '');
    if (proxied && !['web', 'api', 'image_video'].includes(bizName))
      throw new AcsError(400, 'InvalidParameter.InvalidBiz', 'The business scenario is empty or not valid.');
    const hostPolicy = query.optional('HostPolicy') ?? String(before?.host_policy ?? 'follow_hostname');
    if (hostPolicy !== 'follow_hostname' && hostPolicy !== 'follow_origin_domain')
      throw new AcsError(400, 'InvalidParameter.InvalidHostPolicy', 'The origin host policy is not valid.');
    return {
      source: data.data.Value,
      authType: auth.success ? auth.data.AuthType : String(before?.auth_type),
      hostPolicy,
      bizName,
      proxied: proxied ? 1 : 0,
      ttl,
      comment: query.optional('Comment') ?? String(before?.comment ?? ''),
    };
  };

  return {
    CreateRecord: {
      method: 'POST',
      run({ query }) {
        const site = requiredSite(state, query);
        const name = query.required('RecordName').toLowerCase();
        if (!HOSTNAME.test(name))
          throw new AcsError(400, 'InvalidParameter.InvalidRecordName', 'The record name is not valid.');
        if (!inSite(site.name, name)) {
          throw new AcsError(
            400,
            'InvalidParameter.InvalidRecordNameSuffix',
            'The record name must end with the name of the site.',
          );
        }
        query.required('Type');
        const record = settings(query);
        if (database.prepare('select 1 from records where site_id = ? and name = ?').get(site.siteId, name))
          throw new AcsError(400, 'RecordAlreadyExist', 'The record already exists.');
        const [id, now] = [nextId(), timestamp()];
        database
          .prepare(
            `insert into records (record_id, site_id, name, source, auth_type, host_policy, biz_name, proxied, ttl, comment,
               created_at, updated_at) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
          )
          .run(id, site.siteId, name, ...Object.values(record), now, now);
        changed();
        return { RecordId: id };
      },
    },
    UpdateRecord: {
      method: 'POST',
      run({ query }) {
        const before = byId(query);
        database
          .prepare(
            `update records set source = ?, auth_type = ?, host_policy = ?, biz_name = ?, proxied = ?, ttl = ?, comment = ?,
               updated_at = ? where record_id = ?`,
          )
          .run(...Object.values(settings(query, before)), timestamp(), Number(before.record_id));
        changed();
        return {};
      },
    },
    DeleteRecord: {
      method: 'POST',
      run({ query }) {
        database.prepare('delete from records where record_id = ?').run(Number(byId(query).record_id));
        changed();
        return {};
      },
    },
    GetRecord: { method: 'GET', run: ({ query }) => ({ RecordModel: describe(byId(query)) }) },
    ListRecords: {
      method: 'GET',
      run({ query }) {
        const site = requiredSite(state, query);
        const wanted = query.optional('RecordName')?.toLowerCase();
        const match = nameMatch(query.optional('RecordMatchType') ?? 'exact', wanted);
        const [page, size] = [query.integer('PageNumber') ?? 1, query.integer('PageSize') ?? 500];
        const found = database
          .prepare(`${select} where site_id = ? order by record_id`)
          .all(site.siteId)
          .filter((row) => match(String(row.name)));
        const records = found.slice((page - 1) * size, page * size).map(describe);
        return { Records: records, TotalCount: found.length, PageNumber: page, PageSize: size };
      },
    },
  };
}

function nameMatch(type: string, wanted: string | undefined): (name: string) => boolean {
  if (wanted === undefined) return () => true;
  switch (type) {
    case 'exact':
      return (name) => name === wanted;
    case 'prefix':
      return (name) => name.startsWith(wanted);
    case 'suffix':
      return (name) => name.endsWith(wanted);
    case 'fuzzy':
      return (name) => name.includes(wanted);
    default:
      throw new AcsError(400, 'InvalidRecordMatchType', 'Specified parameter RecordMatchType is not valid.');
  }
}

function describe(row: Row) {
  return {
    RecordId: row.record_id,
    RecordName: row.name,
    RecordType: 'CNAME',
    RecordSourceType: 'OSS',
    // What a visitor's DNS has to point at for the request to reach the edge.
    RecordCname: `${String(row.name).replace('*', 'wildcard')}.atrustdns.com`,
    Data: { Value: row.source },
    AuthConf: { AuthType: row.auth_type },
    HostPolicy: row.host_policy,
    BizName: row.biz_name,
    Proxied: row.proxied === 1,
    Ttl: row.ttl,
    Comment: row.comment,
    SiteId: row.site_id,
    SiteName: row.site_name,
    CreateTime: row.created_at,
    UpdateTime: row.updated_at,
  };
}

/** What the edge needs to know about the records: only a proxied record brings visitors to it. */
export function edgeRecords({ database }: EsaState): EdgeRecord[] {
  return database
    .prepare('select name, source from records where proxied = 1')
    .all()
    .map((row) => ({ hostname: String(row.name), bucket: String(row.source).split('.')[0] ?? '' }));
}
