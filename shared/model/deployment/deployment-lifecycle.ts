import type { DeploymentStatus } from '../../contracts/deployments.ts';

/** Every status in the database. `purging` is shown as `purged`. */
export type StoredStatus = DeploymentStatus | 'purging';

/** Who may move a deployment: the functions, by their folders' names. */
export type Mover = 'webhook' | 'api' | 'build-callback' | 'deploy' | 'cleanup';

/**
 * The lifecycle: from → to → who may make the move. What is not here cannot happen; `failed`, `cancelled` and `purged`
 * lead nowhere, so they are never overwritten.
 *
 * A report that got lost must not stop a build, hence cloning → uploading. A run that vanished is replaced by another
 * attempt, hence the way back to queued. A folder from somebody's machine needs no source and no build, hence queued → uploading.
 */
export const lifecycle = {
  queued: {
    cloning: ['build-callback'],
    uploading: ['build-callback'],
    failed: ['deploy'],
    cancelled: ['webhook', 'api', 'deploy'],
  },
  cloning: {
    queued: ['deploy'],
    building: ['build-callback'],
    uploading: ['build-callback'],
    failed: ['build-callback', 'deploy'],
    cancelled: ['api', 'deploy'],
  },
  building: {
    queued: ['deploy'],
    uploading: ['build-callback'],
    failed: ['build-callback', 'deploy'],
    cancelled: ['api', 'deploy'],
  },
  uploading: {
    queued: ['deploy'],
    deploying: ['build-callback', 'deploy'],
    failed: ['build-callback', 'deploy'],
    cancelled: ['api', 'deploy'],
  },
  // By hand: one that was switched to, but not confirmed by every route, when somebody switched away from it.
  deploying: { deployed: ['deploy', 'api'], failed: ['deploy'] },
  deployed: { purging: ['cleanup'] },
  purging: { purged: ['cleanup'] },
  purged: {},
  failed: {},
  cancelled: {},
} as const satisfies Record<StoredStatus, Partial<Record<StoredStatus, readonly Mover[]>>>;

/** Whether a build of this status may still send logs and reports. */
export const isBuilding = (status: StoredStatus) =>
  status === 'cloning' || status === 'building' || status === 'uploading';

/** Whether something is still being done about a deployment. */
export const isInProgress = (status: StoredStatus) =>
  status === 'queued' || status === 'deploying' || isBuilding(status);

/** Seconds a deployment may stay in a status before someone looks after it. */
export const deadlineSeconds = {
  queued: 10 * 60,
  cloning: 5 * 60,
  building: 20 * 60,
  uploading: 15 * 60,
  deploying: 2 * 60 * 60,
  purging: 60 * 60,
} as const satisfies Partial<Record<StoredStatus, number>>;

/** How often a build is tried before it has failed for good. */
export const MAX_ATTEMPTS = 3;
/** A runner reports every few seconds; one that was silent for this long is looked for. */
export const SILENCE_SECONDS = 3 * 60;
/** However alive a run looks: no build takes longer than this from when it began, and none begins later than this after it was asked for. */
export const BUILD_CAP_SECONDS = 60 * 60;

/** Whether no move leads out of this status. */
export const isFinal = (status: StoredStatus) => Object.keys(lifecycle[status]).length === 0;

/** From which statuses this mover may move a deployment to `to`. */
export function sourcesOf(to: StoredStatus, by: Mover): StoredStatus[] {
  return (Object.keys(lifecycle) as StoredStatus[]).filter((from) => {
    const movers = (lifecycle[from] as Partial<Record<StoredStatus, readonly Mover[]>>)[to];
    return movers?.includes(by) ?? false;
  });
}

/** A status as the API shows it. */
export const shownStatus = (status: StoredStatus): DeploymentStatus => (status === 'purging' ? 'purged' : status);

/** The statuses in the database that are shown as this one. */
export const storedStatuses = (shown: DeploymentStatus): StoredStatus[] =>
  (Object.keys(lifecycle) as StoredStatus[]).filter((status) => shownStatus(status) === shown);
