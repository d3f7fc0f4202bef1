import type { Queryable } from '../../db/database.ts';
import { sql } from '../../db/sql.ts';

/** A hostname and its environment. */
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

/** Hostnames: the desired value, the last verified value, and the publisher's fencing token. */
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

  async listOfProject(projectId: string): Promise<string[]> {
    const rows = await db.query<{ hostname: string }>(sql`
      select hostname from routes where project_id = ${projectId} order by hostname`);
    return rows.map((row) => row.hostname);
  },

  /** The hostnames that have a route. */
  async findKnown(hostnames: readonly string[]): Promise<Set<string>> {
    const rows = await db.query<{ hostname: string }>(sql`
      select hostname from routes where hostname = any (${hostnames}::text[])`);
    return new Set(rows.map((row) => row.hostname));
  },

  /** Hostnames whose value at the edge was not verified for this long, longest ago first. */
  async listUnverified(olderThanSeconds: number, limit: number): Promise<string[]> {
    const rows = await db.query<{ hostname: string }>(sql`
      select hostname from routes
       where verified_at is null or verified_at <= db_now() - make_interval(secs => ${olderThanSeconds})
       order by verified_at nulls first, hostname limit ${limit}`);
    return rows.map((row) => row.hostname);
  },

  async markVerified(hostnames: readonly string[]): Promise<void> {
    await db.query(sql`update routes set verified_at = db_now() where hostname = any (${hostnames}::text[])`);
  },

  async listOfEnvironment(environmentId: string): Promise<string[]> {
    const rows = await db.query<{ hostname: string }>(sql`
      select hostname from routes where environment_id = ${environmentId} order by hostname`);
    return rows.map((row) => row.hostname);
  },

  /** Records that the edge value of every hostname of an environment has to change; returns the hostnames. */
  async bumpDesired(environmentId: string): Promise<string[]> {
    const rows = await db.query<{ hostname: string }>(sql`
      update routes set desired_version = desired_version + 1 where environment_id = ${environmentId} returning hostname`);
    return rows.map((row) => row.hostname);
  },

  /**
   * Call before writing to the edge: from here on a smaller fencing token can acknowledge nothing. False when a newer worker has the
   * route.
   */
  async takeOver(hostname: string, fence: number): Promise<boolean> {
    const rows = await db.query(sql`
      update routes set last_fence = ${fence} where hostname = ${hostname} and last_fence <= ${fence} returning 1`);
    return rows.length > 0;
  },

  /** Records that the deployment may be visible at a hostname from now on, which protects it from deletion for an hour. */
  async expose(hostname: string, deploymentId: string, fence: number): Promise<void> {
    await db.query(sql`
      insert into route_exposures (hostname, deployment_id, fence) values (${hostname}, ${deploymentId}, ${fence})
      on conflict (hostname, deployment_id) do update
      set exposed_at = db_now(), fence = greatest(route_exposures.fence, excluded.fence)`);
  },

  /** Deletes exposures that no longer protect anything. Returns how many, at most `limit`. */
  async forgetExposures(olderThanDays: number, limit: number): Promise<number> {
    const rows = await db.query(sql`
      delete from route_exposures x using (
        select hostname, deployment_id from route_exposures
         where exposed_at < db_now() - make_interval(days => ${olderThanDays}) limit ${limit}) old
       where x.hostname = old.hostname and x.deployment_id = old.deployment_id returning 1`);
    return rows.length;
  },

  /**
   * Call after the edge value was written and read back; without a deployment when nothing is to be shown. False when a newer worker has
   * taken the route over.
   */
  async acknowledge(
    hostname: string,
    published: {
      version: number;
      generation: number;
      deploymentId: string | null;
      digest: Buffer | null;
      fence: number;
    },
  ): Promise<boolean> {
    const rows = await db.query(sql`
      update routes
         set published_version = ${published.version}, published_generation = ${published.generation},
             published_deployment_id = ${published.deploymentId}, published_digest = ${published.digest}, published_at = db_now()
       where hostname = ${hostname} and last_fence = ${published.fence} returning 1`);
    return rows.length > 0;
  },

  /** How many hostnames of an environment are still behind its generation. */
  async countBehind(environmentId: string): Promise<number> {
    const [row] = await db.query<{ behind: number }>(sql`
      select count(*) as behind from routes r join environments e on e.id = r.environment_id
       where r.environment_id = ${environmentId} and r.published_generation < e.generation`);
    return row?.behind ?? 0;
  },
});
