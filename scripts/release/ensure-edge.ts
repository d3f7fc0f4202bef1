import { ROUTE_NAMESPACE, TABLE_NAMESPACE } from '@miaobu/shared/contracts/edge-route';
import { type Esa, ifThere } from './aliyun-clients.ts';
import { type ReleaseConfig, ROUTINE_NAME } from './release-config.ts';

/** The Edge KV namespaces for routes and routing tables. Resolves with the names of those that were created. */
export async function ensureKvNamespaces({ client, sdk }: Esa): Promise<string[]> {
  const made = await Promise.all(
    [ROUTE_NAMESPACE, TABLE_NAMESPACE].map(async (namespace) => {
      if (await ifThere(client.getKvNamespace(new sdk.GetKvNamespaceRequest({ namespace })))) return [];
      await client.createKvNamespace(new sdk.CreateKvNamespaceRequest({ namespace, description: 'Miaobu' }));
      return [namespace];
    }),
  );
  return made.flat();
}

/** The edge routine, initially without code. Resolves with the version that production runs, if any. */
export async function ensureRoutine({ client, sdk }: Esa): Promise<string | undefined> {
  const name = ROUTINE_NAME;
  const found = await ifThere(client.getRoutine(new sdk.GetRoutineRequest({ name })));
  if (!found) {
    await client.createRoutine(new sdk.CreateRoutineRequest({ name, description: 'Miaobu' }));
    return undefined;
  }
  const production = found.body?.envs?.find(({ env }) => env === 'production');
  return production?.codeDeploy?.codeVersions?.[0]?.codeVersion;
}

/** The route that brings every visitor of a site to the routine. True when it was created. */
export async function ensureRoutineRoute({ client, sdk }: Esa, { cloud }: ReleaseConfig): Promise<boolean> {
  const { siteId } = cloud.edge;
  const rule = `ends_with(http.host, ".${new URL(cloud.sitesOrigin).hostname}")`;
  const list = new sdk.ListRoutineRoutesRequest({ routineName: ROUTINE_NAME });
  const { body } = await client.listRoutineRoutes(list);
  const sameRule = (route: { siteId?: number; rule?: string }) => route.siteId === siteId && route.rule === rule;
  if (body?.configs?.some((route) => sameRule(route) && route.routeEnable === 'on' && route.bypass !== 'on'))
    return false;
  await client.createRoutineRoute(
    new sdk.CreateRoutineRouteRequest({
      siteId,
      routineName: ROUTINE_NAME,
      routeName: 'sites',
      rule,
      routeEnable: 'on',
      bypass: 'off',
      // Without its routine a site must not show another project's files, or a bucket's listing.
      fallback: 'off',
    }),
  );
  return true;
}
