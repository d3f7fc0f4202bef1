/** Messages between functions. Their payloads contain ids only: handlers read the current state. */
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
  /** Request redelivery of failed deliveries to a project's hook. Droppable. */
  'hook.redeliver': z.strictObject({ project_id: uuid }),
  /** Read the head of an environment's branch from the code host, and deploy it unless that was done. Droppable. */
  'branch.sync': z.strictObject({ environment_id: uuid }),
  /** Start a build run for a queued deployment. */
  'build.start': z.strictObject({ deployment_id: uuid }),
  /** Cancel the run of an attempt that is no longer current. */
  'run.cancel': z.strictObject({ deployment_id: uuid, attempt: z.int().positive() }),
  /** Check a deployment that is overdue or whose runner is silent. Droppable. */
  'deployment.rescue': z.strictObject({ deployment_id: uuid }),
  /** Verify what a build uploaded, then switch its environment. */
  'deployment.activate': z.strictObject({ deployment_id: uuid }),
  /** Make Edge KV match Postgres for a hostname. */
  'route.publish': z.strictObject({ hostname: z.string() }),
  /** Compare Edge KV with Postgres for the routes that were not verified lately. Droppable. */
  'route.scrub': z.strictObject({}),
  /** Check whether visitors see a published deployment. Droppable. */
  'route.probe': z.strictObject({ deployment_id: uuid }),
  /** Purge the edge's cache for a hostname. Droppable. */
  'cache.purge': z.strictObject({ hostname: z.string() }),
  /** Set the commit status at the code host. Droppable. */
  'commit.status': z.strictObject({ environment_id: uuid, commit_sha: z.string() }),
  /** Alert the operator to a dead letter or to an entry of the audit log. Droppable. */
  'alert.send': z.union([z.strictObject({ message_id: uuid }), z.strictObject({ audit_id: uuid })]),
  /** Delete a project's external resources, then its rows. */
  'project.teardown': z.strictObject({ project_id: uuid }),
  /** Rewrap the keys of the key ring under the newest ones. */
  'keys.rewrap': z.strictObject({}),
  /** Reseal the values of a retired data key, or of `v1`, starting at a column and a row. */
  'keys.reseal': z.strictObject({
    from: z.union([z.literal('v1'), uuid]),
    column: z.string().optional(),
    after: z.string().optional(),
    found: z.int().optional(),
  }),
  /** Delete a purged deployment's external resources. */
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
