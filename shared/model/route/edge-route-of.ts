import { type EdgeRoute, serializeRoute } from '../../contracts/edge-route.ts';
import { deploymentPrefix } from '../../contracts/manifest.ts';
import { showId } from '../../kernel/ids.ts';
import type { Deployment } from '../deployment/deployment.ts';

/** The Edge KV value for a hostname of an environment that shows this (verified) deployment. */
export function edgeRouteOf(
  deployment: Pick<Deployment, 'id' | 'commitSha' | 'spa' | 'shards' | 'activatedAt'>,
  project: { readonly slug: string },
  environment: { readonly generation: number },
): { readonly route: EdgeRoute; readonly value: string } {
  const deploymentId = showId('deployment', deployment.id);
  const route: EdgeRoute = {
    v: 1,
    type: 'static',
    oss_path: deploymentPrefix(project.slug, deploymentId),
    project_slug: project.slug,
    deployment_id: deploymentId,
    commit_sha: deployment.commitSha,
    updated_at: (deployment.activatedAt ?? new Date(0)).toISOString(),
    gen: environment.generation,
    spa: deployment.spa ?? false,
    shards: deployment.shards ?? 1,
  };
  return { route, value: serializeRoute(route) };
}
