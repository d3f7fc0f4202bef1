import type { CommitState } from '../../ports/code-host.ts';
import type { SiteAddress } from '../project/site-address.ts';
import type { Deployment } from './deployment.ts';

export interface CommitStatus {
  readonly state: CommitState;
  /** Distinguishes our statuses from each other and from others': `miaobu/blog`, `miaobu/blog/staging`. */
  readonly context: string;
  readonly description: string;
  readonly targetUrl?: string;
}

/** The commit status for a deployment; undefined: leave the shown one. */
export function commitStatusOf(
  deployment: Pick<Deployment, 'status' | 'reason' | 'reasonMessage'>,
  project: { readonly slug: string },
  environment: { readonly name: string },
  address: SiteAddress,
): CommitStatus | undefined {
  const context = `miaobu/${project.slug}${environment.name === 'production' ? '' : `/${environment.name}`}`;
  const { status, reasonMessage } = deployment;
  switch (status) {
    case 'queued':
      return { state: 'pending', context, description: 'Waiting for its build' };
    case 'cloning':
    case 'building':
    case 'uploading':
      return { state: 'pending', context, description: 'Building' };
    case 'deploying':
      return { state: 'pending', context, description: 'Publishing' };
    case 'deployed':
      return {
        state: 'success',
        context,
        description: describeDeployed(deployment.reason),
        targetUrl: address.url(project.slug, environment.name),
      };
    case 'failed':
      return { state: 'failure', context, description: firstLine(reasonMessage) ?? 'The deployment failed' };
    case 'cancelled':
      return { state: 'failure', context, description: firstLine(reasonMessage) ?? 'The deployment was cancelled' };
    case 'purging':
    case 'purged':
      return undefined;
  }
}

function describeDeployed(reason: string | null): string {
  // What is shown now may be yet another one: these say what happened to this one.
  if (reason === 'superseded') return 'Built; a newer deployment was shown instead';
  if (reason === 'rolled_back') return 'Built; an older deployment was chosen instead';
  if (reason === 'held') return 'Built; another deployment is kept in its place';
  if (reason === 'switched_off') return 'Built; its environment was switched off';
  return 'Deployed';
}

const firstLine = (text: string | null) => text?.trim().split('\n')[0] || undefined;
