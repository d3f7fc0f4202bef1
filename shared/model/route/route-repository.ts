import type { Queryable } from '../../db/database.ts';
import { sql } from '../../db/sql.ts';

/** A hostname and the environment it shows. */
export interface Route {
  readonly hostname: string;
  readonly projectId: string;
  readonly environmentId: string;
  readonly desiredVersion: number;
  readonly publishedVersion: number;
  readonly publishedGeneration: number;
  readonly publishedDeploymentId: string | null;
  readonly lastFence: number;
}

const columns = sql`
  hostname, project_id, environment_id, desired_version, published_version, published_generation, published_deployment_id, last_fence`;

export const routeRepository = (db: Queryable) => ({
  async insert(route: { hostname: string; projectId: string; environmentId: string }): Promise<void> {
    await db.query(sql`
      insert into routes (hostname, project_id, environment_id)
      values (${route.hostname}, ${route.projectId}, ${route.environmentId})`);
  },

  async find(hostname: string): Promise<Route | undefined> {
    const [row] = await db.query<Route>(sql`select ${columns} from routes where hostname = ${hostname}`);
    return row;
  },

  async listOfEnvironment(environmentId: string): Promise<string[]> {
    const rows = await db.query<{ hostname: string }>(sql`
      select hostname from routes where environment_id = ${environmentId} order by hostname`);
    return rows.map((row) => row.hostname);
  },

  /** Says that the edge value of every hostname of an environment has to change; returns the hostnames. */
  async bumpDesired(environmentId: string): Promise<string[]> {
    const rows = await db.query<{ hostname: string }>(sql`
      update routes set desired_version = desired_version + 1 where environment_id = ${environmentId} returning hostname`);
    return rows.map((row) => row.hostname);
  },

  /**
   * Before the edge is written: takes the route over (a smaller fence can acknowledge nothing from here on) and records
   * that the deployment may be visible from now on, so that nothing deletes it. False when a newer worker has it.
   */
  async expose(hostname: string, deploymentId: string, fence: number): Promise<boolean> {
    const rows = await db.query(sql`
      update routes set last_fence = ${fence} where hostname = ${hostname} and last_fence <= ${fence} returning 1`);
    if (rows.length === 0) return false;
    await db.query(sql`
      insert into route_exposures (hostname, deployment_id, fence) values (${hostname}, ${deploymentId}, ${fence})
      on conflict (hostname, deployment_id) do update set exposed_at = db_now(), fence = excluded.fence`);
    return true;
  },

  /** After the edge was written and read back. False when a newer worker has taken the route over. */
  async acknowledge(
    hostname: string,
    published: { version: number; generation: number; deploymentId: string; digest: Buffer; fence: number },
  ): Promise<boolean> {
    const rows = await db.query(sql`
      update routes
         set published_version = ${published.version}, published_generation = ${published.generation},
             published_deployment_id = ${published.deploymentId}, published_digest = ${published.digest}, published_at = db_now()
       where hostname = ${hostname} and last_fence = ${published.fence} returning 1`);
    return rows.length > 0;
  },

  /** How many hostnames of an environment do not show its generation yet. */
  async countBehind(environmentId: string): Promise<number> {
    const [row] = await db.query<{ behind: number }>(sql`
      select count(*) as behind from routes r join environments e on e.id = r.environment_id
       where r.environment_id = ${environmentId} and r.published_generation < e.generation`);
    return row?.behind ?? 0;
  },
});
export type RouteRepository = ReturnType<typeof routeRepository>;
