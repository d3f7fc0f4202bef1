import type { Deployment, DeploymentStatus } from '@miaobu/shared/contracts/deployments';
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

export const shortSha = (sha: string) => sha.slice(0, 7);

/** A time as a person's clock shows it. */
export const localTime = (iso: string) =>
  new Intl.DateTimeFormat('sv-SE', { dateStyle: 'short', timeStyle: 'short' }).format(new Date(iso));

/** Seconds from the queue to the end, or undefined when there is no end yet. */
function secondsTaken({ created_at, published_at, finished_at }: Deployment): string | undefined {
  const end = published_at ?? finished_at;
  return end === null ? undefined : ((Date.parse(end) - Date.parse(created_at)) / 1000).toFixed(1);
}

/** What there is to say about a status besides its name. */
export function statusNote(deployment: Deployment): string {
  const { status, reason, reason_message } = deployment;
  if (status === 'deployed') {
    const seconds = secondsTaken(deployment);
    return seconds === undefined ? '' : `in ${seconds} s`;
  }
  if (reason_message === null) return reason ?? '';
  return printableText(reason_message) + (reason === null ? '' : ` (${reason})`);
}
