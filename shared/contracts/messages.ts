/** Messages between functions. Ids only: whoever works on one reads the current state. */
import * as z from 'zod';

/** What wakes an event function: a doorbell, the minute timer, or a person with `s invoke`. */
export const wakeUp = z.strictObject({ request_id: z.string().optional() });
export type WakeUp = z.output<typeof wakeUp>;

const uuid = z.uuid();

/** Outbox topic → payload. The functions that own them are in `functions/deploy` and `functions/cleanup`. */
export const topics = {
  /** Write the hostname's record at the edge and in DNS. */
  'hostname.connect': z.strictObject({ project_id: uuid, hostname: z.string() }),
  /** Register the push hook at the code host. */
  'hook.connect': z.strictObject({ project_id: uuid }),
  /** Ask for deliveries to a project's hook that failed. Droppable. */
  'hook.redeliver': z.strictObject({ project_id: uuid }),
  /** Ask the code host for the head of an environment's branch, and deploy it if we have not. Droppable. */
  'branch.sync': z.strictObject({ environment_id: uuid }),
  /** Start a build run for a queued deployment. */
  'build.start': z.strictObject({ deployment_id: uuid }),
  /** Stop the run of an attempt that no longer counts. */
  'run.cancel': z.strictObject({ deployment_id: uuid, attempt: z.int().positive() }),
  /** Find out what became of a deployment that is overdue or whose runner is silent. Droppable. */
  'deployment.rescue': z.strictObject({ deployment_id: uuid }),
  /** Verify what a build uploaded, then switch its environment. */
  'deployment.activate': z.strictObject({ deployment_id: uuid }),
  /** Make Edge KV say what Postgres says about a hostname. */
  'route.publish': z.strictObject({ hostname: z.string() }),
  /** Compare Edge KV with what Postgres says, for the routes that were not verified lately. Droppable. */
  'route.scrub': z.strictObject({}),
  /** Find out whether visitors see a published deployment. Droppable. */
  'route.probe': z.strictObject({ deployment_id: uuid }),
  /** Ask the edge to forget what it cached of a hostname. Droppable. */
  'cache.purge': z.strictObject({ hostname: z.string() }),
  /** Show beside a commit what became of it. Droppable. */
  'commit.status': z.strictObject({ environment_id: uuid, commit_sha: z.string() }),
  /** Tell the operator about a message that was given up, or about what the audit log says. Droppable. */
  'alert.send': z.union([z.strictObject({ message_id: uuid }), z.strictObject({ audit_id: uuid })]),
  /** Take down what a project that is being deleted has outside, then forget it. */
  'project.teardown': z.strictObject({ project_id: uuid }),
  /** Bring the key ring in order: everything under the newest keys. */
  'keys.rewrap': z.strictObject({}),
  /** Seal anew what a retired data key, or `v1`, has sealed: from a column and a row on. */
  'keys.reseal': z.strictObject({
    from: z.union([z.literal('v1'), uuid]),
    column: z.string().optional(),
    after: z.string().optional(),
    found: z.int().optional(),
  }),
  /** Delete what a purged deployment leaves outside. */
  'deployment.purge': z.strictObject({ deployment_id: uuid }),
} as const;

export type Topic = keyof typeof topics;
export type Payload<T extends Topic> = z.output<(typeof topics)[T]>;

export const deployTopics = [
  'hostname.connect',
  'hook.connect',
  'hook.redeliver',
  'branch.sync',
  'build.start',
  'run.cancel',
  'deployment.rescue',
  'deployment.activate',
  'route.publish',
  'route.scrub',
  'route.probe',
  'cache.purge',
  'commit.status',
  'alert.send',
  'project.teardown',
  'keys.rewrap',
  'keys.reseal',
] as const satisfies readonly Topic[];
export const cleanupTopics = ['deployment.purge'] as const satisfies readonly Topic[];
