import type { streamDeploymentLogs as contract } from '@miaobu/shared/contracts/deployment-logs';
import type { OutputOf } from '@miaobu/shared/contracts/endpoint';
import { AppError } from '@miaobu/shared/kernel/app-error';
import { showId } from '@miaobu/shared/kernel/ids';
import type { Deployment } from '@miaobu/shared/model/deployment/deployment';
import { isInProgress, shownStatus } from '@miaobu/shared/model/deployment/deployment-lifecycle';
import type { Store } from '@miaobu/shared/model/repositories';
import type { BuildLog, BuildLogPage } from '@miaobu/shared/ports/build-log';
import type { Operation, StreamedEvent } from '../operation.ts';
import { findDeployment } from './find-deployment.ts';

export interface Deps {
  readonly store: Pick<Store, 'projects' | 'deployments' | 'shownDeployments'>;
  readonly buildLog: Pick<BuildLog, 'read'>;
  /** Resolves early, and never rejects, when the signal fires. */
  readonly sleep: (milliseconds: number, signal: AbortSignal) => Promise<void>;
}

type Event = StreamedEvent<OutputOf<typeof contract>>;

const PAGE = 200;
const SHORTEST_WAIT_MS = 250;
const LONGEST_WAIT_MS = 2000;

/**
 * The build log of a deployment from a cursor on, as it is written. Polls with a backoff while the build is quiet. Each poll reads the
 * status first: if the deployment had ended by then, the log read afterwards is complete.
 */
export const streamDeploymentLogs =
  (deps: Deps): Operation<'streamDeploymentLogs'> =>
  async ({ params, headers }, actor, { signal }) => {
    const deployment = await findDeployment(deps.store, actor, params);
    const begin = placeIn(deployment, headers['last-event-id']);
    const read = async (now: Deployment, after: string | undefined): Promise<BuildLogPage> =>
      deps.buildLog.read(
        { deploymentId: showId('deployment', now.id) },
        { after, limit: PAGE, ended: !isInProgress(now.status) },
      );
    // Before the response starts, so that an invalid cursor or an unavailable store is reported by its status.
    const first = await read(deployment, begin).catch((error: unknown) => {
      throw error instanceof AppError && error.code === 'invalid_request'
        ? new AppError('resync', { cause: error })
        : error;
    });
    return { events: follow(deps, deployment, first, read, begin, signal) };
  };

async function* follow(
  { store, sleep }: Deps,
  found: Deployment,
  first: BuildLogPage,
  read: (now: Deployment, after: string | undefined) => Promise<BuildLogPage>,
  begin: string | undefined,
  signal: AbortSignal,
): AsyncGenerator<Event> {
  let now = found;
  let page = first;
  let cursor = begin;
  let said: string | undefined;
  let waitMs = SHORTEST_WAIT_MS;
  while (!signal.aborted) {
    for (const { cursor: after, at, attempt, text } of page.entries) {
      yield { id: eventId(now, after), event: 'log', data: { at, attempt, text } };
      cursor = after;
      waitMs = SHORTEST_WAIT_MS;
    }
    if (page.nextCursor !== undefined) {
      page = await read(now, page.nextCursor);
      continue;
    }
    const progress = progressOf(now);
    if (JSON.stringify(progress.data) !== said) {
      yield progress;
      said = JSON.stringify(progress.data);
      waitMs = SHORTEST_WAIT_MS;
    }
    if (!isInProgress(now.status)) return;
    await sleep(waitMs, signal);
    waitMs = Math.min(waitMs * 1.5, LONGEST_WAIT_MS);
    if (signal.aborted) return;
    const next = await store.deployments.find(now.id);
    // Deleted with its project.
    if (!next) return;
    now = next;
    page = await read(now, cursor);
  }
}

/** An event id also names its deployment: a cursor means something else in another log. */
const eventId = ({ id }: Deployment, cursor: string) => `${showId('deployment', id)}:${cursor}`;

/** The cursor into this deployment's log in an event id. Throws `resync` for the id of anything else. */
function placeIn(deployment: Deployment, lastEventId: string | undefined): string | undefined {
  if (lastEventId === undefined) return undefined;
  const own = eventId(deployment, '');
  if (!lastEventId.startsWith(own)) throw new AppError('resync');
  return lastEventId.slice(own.length);
}

const progressOf = ({ status, attempt, reason, reasonMessage }: Deployment): Event => ({
  event: 'status',
  data: { status: shownStatus(status), attempt, reason, reason_message: reasonMessage },
});
