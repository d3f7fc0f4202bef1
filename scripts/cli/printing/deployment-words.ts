import type { Deployment, DeploymentStatus } from '@miaobu/shared/contracts/shown-deployment';
import type { Progress } from '../follow-deployment.ts';
import { printableText } from './printable-text.ts';
import type { Style } from './terminal.ts';

const styles: Readonly<Record<DeploymentStatus, Style>> = {
  queued: 'dim',
  cloning: 'cyan',
  building: 'cyan',
  uploading: 'cyan',
  deploying: 'cyan',
  deployed: 'green',
  purged: 'dim',
  failed: 'red',
  cancelled: 'yellow',
};

export const statusStyle = (status: DeploymentStatus) => styles[status];

/** What a deployment is of, in a word: its commit, if it is not a folder that was uploaded. */
export const shortSha = (sha: string | null) => sha?.slice(0, 7) ?? 'upload';

/** Seconds from the queue to the end, or undefined when there is no end yet. */
function secondsTaken({ created_at, finished_at }: Deployment): string | undefined {
  // Not when it was published: it is again, by every promotion and rollback.
  return finished_at === null ? undefined : ((Date.parse(finished_at) - Date.parse(created_at)) / 1000).toFixed(1);
}

/** Why a finished deployment is not live. */
const notShown: Readonly<Record<string, string>> = {
  held: 'not live: auto-promotion is off; run miaobu promote',
  superseded: 'not live: a newer deployment was live first',
  rolled_back: 'not live: an older deployment was chosen instead',
  switched_off: 'not live: its environment is switched off',
};

/** Why a deployment is what it is, for a person; empty when there is nothing to say. */
export function reasonText({ status, reason, reason_message }: Omit<Progress, 'attempt'>): string {
  if (status === 'deployed' && reason !== null) return notShown[reason] ?? reason;
  if (reason_message === null) return reason ?? '';
  // Of a build that failed, what follows its first line is the end of the log.
  const [line = ''] = printableText(reason_message).trim().split('\n', 1);
  return line + (reason === null ? '' : ` (${reason})`);
}

/** What there is to say about a deployment's status besides its name. */
export function statusNote(deployment: Deployment): string {
  const seconds = secondsTaken(deployment);
  const took = deployment.status === 'deployed' && seconds !== undefined ? `in ${seconds} s` : '';
  return [took, reasonText(deployment)].filter((part) => part !== '').join(', ');
}
