import type { DeploymentStatus } from '../../contracts/shown-deployment.ts';

/** Every status in the database. `purging` is shown as `purged`. */
export type StoredStatus = DeploymentStatus | 'purging';

/** Who may move a deployment: the functions, named like their folders. */
export type Mover = 'webhook' | 'api' | 'build-callback' | 'deploy' | 'cleanup';

/**
 * The lifecycle: from → to → who may make the move. Anything not listed is impossible; `failed`, `cancelled` and `purged` are final, so
 * they are never overwritten.
 *
 * A lost report must not stop a build, hence cloning → uploading. A vanished run is replaced by another attempt, hence the way back to
 * queued. A folder uploaded from a local machine needs no source and no build, hence queued → uploading.
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
  // By `api`: one that was activated but not yet confirmed by every route when somebody switched away from it.
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

/** Whether a deployment is still in progress. */
export const isInProgress = (status: StoredStatus) =>
  status === 'queued' || status === 'deploying' || isBuilding(status);

/** Seconds a deployment may stay in a status before it is looked after. */
export const deadlineSeconds = {
  queued: 10 * 60,
  cloning: 5 * 60,
  building: 20 * 60,
  uploading: 15 * 60,
  deploying: 2 * 60 * 60,
  purging: 60 * 60,
} as const satisfies Partial<Record<StoredStatus, number>>;

/** How often a build is tried before its deployment fails for good. */
export const MAX_ATTEMPTS = 3;
/** A runner reports every few seconds; one silent for this long is checked. */
export const SILENCE_SECONDS = 3 * 60;
/** The provider is asked about a run that has not reported for this long, when it began or since: it may be over. */
export const UNHEARD_SECONDS = 60;
/** How often the provider is asked about one run at most. Just below a minute, so that every run of the timer finds it due. */
export const ASK_AGAIN_SECONDS = 55;
/** A hard limit, however alive a run looks: no build runs longer than this. */
export const BUILD_CAP_SECONDS = 60 * 60;
/** How long a run may wait for one of the provider's machines. A second run would only wait behind everybody else's, unless this one is lost. */
export const QUEUE_CAP_SECONDS = 3 * 60 * 60;

/** Whether a status is final. */
export const isFinal = (status: StoredStatus) => Object.keys(lifecycle[status]).length === 0;

/** The statuses from which this mover may move a deployment to `to`. */
export function sourcesOf(to: StoredStatus, by: Mover): StoredStatus[] {
  return (Object.keys(lifecycle) as StoredStatus[]).filter((from) => {
    const movers = (lifecycle[from] as Partial<Record<StoredStatus, readonly Mover[]>>)[to];
    return movers?.includes(by) ?? false;
  });
}

/** A status as the API shows it. */
export const shownStatus = (status: StoredStatus): DeploymentStatus => (status === 'purging' ? 'purged' : status);

/** The stored statuses that are shown as this one. */
export const storedStatuses = (shown: DeploymentStatus): StoredStatus[] =>
  (Object.keys(lifecycle) as StoredStatus[]).filter((status) => shownStatus(status) === shown);
