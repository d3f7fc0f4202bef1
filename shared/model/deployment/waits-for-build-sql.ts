import { type Sql, sql } from '../../db/sql.ts';

/**
 * Condition on a row of `deployments` by its alias: it waits for a build of its account's limits, and no run has been requested for it. An
 * upload needs no build machine.
 */
export const waitsForBuild = (d: Sql): Sql => sql`
  ${d}.status = 'queued' and ${d}.trigger <> 'upload' and not exists (
    select 1 from build_attempts live
     where live.deployment_id = ${d}.id and live.attempt = ${d}.attempt and live.state <> 'abandoned')`;
