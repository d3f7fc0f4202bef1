import { AcsError } from '../../wire/acs3.ts';
import type { EdgeRoute } from './edge/edge-messages.ts';
import { parseRoutingRule } from './edge/routing-rule.ts';
import type { EsaState } from './esa-state.ts';
import type { RpcAction, RpcParameters } from './rpc-service.ts';
import { requiredSite } from './site-actions.ts';

/** The operations on routes of routines of ESA 2024-09-10. `changed` is called after every change. */
export function routineRouteActions(state: EsaState, changed: () => void): Record<string, RpcAction> {
  const { database, nextId } = state;
  return {
    CreateRoutineRoute: {
      method: 'POST',
      run({ query }) {
        const site = requiredSite(state, query);
        const routine = query.required('RoutineName');
        if (!database.prepare('select 1 from routines where name = ?').get(routine))
          throw new AcsError(404, 'RoutineNotFound', 'The specified routine does not exist.');
        const rule = query.optional('Rule') ?? 'true';
        try {
          parseRoutingRule(rule);
        } catch (error) {
          throw new AcsError(400, 'InvalidRule', (error as Error).message);
        }
        const count = database.prepare('select count(*) as n from routine_routes where site_id = ?').get(site.siteId);
        const id = nextId();
        database
          .prepare(
            `insert into routine_routes (config_id, site_id, routine, name, rule, enabled, bypass, fallback, sequence)
             values (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
          )
          .run(
            id,
            site.siteId,
            routine,
            query.optional('RouteName') ?? '',
            rule,
            onOff(query, 'RouteEnable', true),
            onOff(query, 'Bypass', false),
            onOff(query, 'Fallback', false),
            query.integer('Sequence') ?? Number(count?.n) + 1,
          );
        changed();
        return { ConfigId: id };
      },
    },
    ListRoutineRoutes: {
      method: 'POST',
      run({ query }) {
        const routes = database
          .prepare(
            `select routine_routes.*, sites.name as site_name from routine_routes join sites using (site_id)
             where routine = ? order by sequence, config_id`,
          )
          .all(query.required('RoutineName'));
        const configs = routes.map((row) => ({
          ConfigId: row.config_id,
          ConfigType: 'rule',
          Mode: 'custom',
          SiteId: row.site_id,
          SiteName: row.site_name,
          RoutineName: row.routine,
          RouteName: row.name,
          Rule: row.rule,
          RouteEnable: row.enabled === 1 ? 'on' : 'off',
          Bypass: row.bypass === 1 ? 'on' : 'off',
          Fallback: row.fallback === 1 ? 'on' : 'off',
          Sequence: row.sequence,
        }));
        return { Configs: configs, TotalCount: configs.length, PageNumber: 1, PageSize: 500, TotalPage: 1 };
      },
    },
  };
}

function onOff(query: RpcParameters, name: string, byDefault: boolean): number {
  const value = query.optional(name) ?? (byDefault ? 'on' : 'off');
  if (value !== 'on' && value !== 'off')
    throw new AcsError(400, `Invalid${name}`, `Specified parameter ${name} is not valid.`);
  return value === 'on' ? 1 : 0;
}

/** The enabled routes of all sites, in the order in which the edge tries them. */
export function edgeRoutes({ database }: EsaState): EdgeRoute[] {
  return database
    .prepare(
      `select routine_routes.*, sites.name as site_name from routine_routes join sites using (site_id)
       where enabled = 1 order by sequence, config_id`,
    )
    .all()
    .map((row) => ({
      siteName: String(row.site_name),
      routine: String(row.routine),
      rule: String(row.rule),
      bypass: row.bypass === 1,
      fallback: row.fallback === 1,
    }));
}
