import { kvKey, parseRoute, ROUTE_NAMESPACE } from '@miaobu/shared/contracts/edge-route';
import { sql } from '@miaobu/shared/db/sql';
import { readId } from '@miaobu/shared/kernel/ids';
import { address } from './compose-platform.ts';
import { DELETED_SLUG } from './persons/person.ts';
import { Violation } from './violation.ts';
import type { SITES, World } from './world.ts';

interface EnvironmentAtRest {
  readonly generation: number;
  readonly branch: string;
  readonly autoPromote: boolean;
  /** What the last decision of a user about it was; that they are promoted, until there is one. */
  readonly wantsAutoPromote: boolean;
  readonly isOff: boolean;
  readonly skippedSha: string | null;
  readonly currentId: string | null;
  /** Commit of the newest deployment of the branch's head. */
  readonly headSha: string | null;
  /** The newest complete deployment, of whatever. */
  readonly completeId: string | null;
  readonly completeReason: string | null;
  readonly completeWasLive: boolean | null;
  /** Somebody has switched to the current one since that was complete. */
  readonly switchedSince: boolean | null;
  /** The environment was switched off while that was under way. */
  readonly offMeanwhile: boolean;
  readonly publishedId: string | null;
  readonly publishedGeneration: number;
}

/** Undefined when the project was deleted. */
async function environmentAtRest(world: World, slug: string, name: string): Promise<EnvironmentAtRest | undefined> {
  const [row] = await world.database.db.query<EnvironmentAtRest>(sql`
    select e.generation, e.branch, e.auto_promote, e.disabled_at is not null as is_off, e.skipped_sha,
           e.current_deployment_id as current_id, h.commit_sha as head_sha,
           n.id as complete_id, n.reason as complete_reason, n.activated_at is not null as complete_was_live,
           c.activated_at >= n.finished_at as switched_since,
           exists (select 1 from audit_log
                    where project_id = p.id and action = 'environment.switched_off' and details->>'environment' = e.name
                      and created_at between n.created_at and n.finished_at) as off_meanwhile,
           r.published_deployment_id as published_id, r.published_generation, coalesce(said.auto_promote, true) as wants_auto_promote
      from environments e join projects p on p.id = e.project_id
      join routes r on r.environment_id = e.id
      left join deployments c on c.id = e.current_deployment_id
      left join lateral (
        select commit_sha from deployments where environment_id = e.id and from_head order by seq desc limit 1) h on true
      left join lateral (
        select * from deployments where environment_id = e.id and status in ('deployed', 'purging', 'purged')
         order by seq desc limit 1) n on true
      left join lateral (
        select case action when 'environment.rolled_back' then false
                           when 'environment.updated' then (details->>'auto_promote')::boolean else true end as auto_promote
          from audit_log
         where project_id = p.id and details->>'environment' = e.name
           and (action in ('environment.rolled_back', 'deployment.promoted', 'environment.switched_on')
                or action = 'environment.updated' and details ? 'auto_promote')
         order by id desc limit 1) said on true
     where p.slug = ${slug} and e.name = ${name}`);
  if (!row && slug !== DELETED_SLUG) throw new Violation('I1', `the environment ${name} of ${slug} is gone`);
  return row;
}

type Site = (typeof SITES)[number];

/**
 * I1: the newest deployment of the branch is of its head, or of a commit before it, and all since were skipped: each asks for it, or has
 * under the site's root what was deployed, in a project that watches nothing else. What was deployed by hand says nothing about the branch.
 */
function headIsDeployed({ github, narrowed }: World, { slug, environment }: Site, row: EnvironmentAtRest): void {
  const head = github.branches.get(row.branch);
  if (row.isOff || head === undefined || row.headSha === head) return;
  const deployed = github.commits.get(row.headSha ?? '');
  let commit = row.skippedSha === head ? github.commits.get(head) : undefined;
  while (commit && (commit.isMarked || (narrowed.has(slug) && commit.site === deployed?.site))) {
    if (commit.parent === row.headSha) return;
    commit = github.commits.get(commit.parent ?? '');
  }
  throw new Violation(
    'I1',
    `${environment} of ${slug}: the head ${head} has no deployment, the newest of ${row.branch} is of ${row.headSha}`,
  );
}

/**
 * I1: the newest complete deployment is live, or was, and somebody switched away from it: I3 allows nobody else to. Or it never was,
 * because it was held until somebody promoted another, or the environment was switched off while it was under way, and perhaps on again.
 */
function newestIsLive({ slug, environment }: Site, row: EnvironmentAtRest): void {
  const where = `${environment} of ${slug}`;
  if (row.isOff && row.currentId) throw new Violation('I1', `${where}: it is off, and shows ${row.currentId}`);
  if (row.autoPromote !== row.wantsAutoPromote) {
    throw new Violation('I1', `${where}: whether pushes go live is ${row.autoPromote}, wanted ${row.wantsAutoPromote}`);
  }
  if (row.isOff || !row.autoPromote || row.completeId === null || row.completeWasLive) return;
  const isPassedOver = row.completeReason === 'held' && row.switchedSince === true;
  if (isPassedOver || row.offMeanwhile) return;
  throw new Violation(
    'I1',
    `${where}: the newest deployment ${row.completeId} is complete and not live (${row.completeReason})`,
  );
}

/** I1 and I4: what has to be deployed and live is; the edge says what Postgres says, which knows that it does. */
export async function siteAtRest(world: World, site: Site): Promise<void> {
  const hostname = address.hostname(site.slug, site.environment);
  const value = world.edge.current(ROUTE_NAMESPACE, kvKey(hostname));
  const row = await environmentAtRest(world, site.slug, site.environment);
  if (!row) {
    if (value !== undefined) throw new Violation('I4', `${hostname} of a deleted project shows ${value}`);
    return;
  }
  headIsDeployed(world, site, row);
  newestIsLive(site, row);
  const route = value === undefined ? undefined : parseRoute(value);
  const shows = route ? readId('deployment', route.deployment_id) : undefined;
  if (shows !== (row.currentId ?? undefined) || (route && route.gen !== row.generation)) {
    throw new Violation('I4', `${hostname} shows ${shows}@${route?.gen}, wanted ${row.currentId}@${row.generation}`);
  }
  if (row.publishedId !== row.currentId || (row.currentId && row.publishedGeneration !== row.generation)) {
    throw new Violation('I4', `${hostname} is said to show ${row.publishedId}, and shows ${row.currentId}`);
  }
}
