import type { Topic } from '../../contracts/messages.ts';

// The wait before the next try is drawn between nothing and 2, 4, 8, … seconds, at most ten minutes. So many tries last, on average:

/** Three hours and a quarter; fewer than two in one case of 100,000. */
const FOR_HOURS = 48;
const FOR_AN_HOUR = 20;
const FOR_MINUTES = 8;
const FOR_SECONDS = 4;

/**
 * How often the work of a topic is tried before it is given up, unless an error says that no other try can succeed. An outage of a vendor
 * must not turn good work into a failure, so what nobody would ask for again outlasts any that is usual.
 */
export const triesOfTopics = {
  'hostname.connect': FOR_HOURS,
  'hook.connect': FOR_HOURS,
  // Longer than a deployment may be `deploying`: its deadline decides, not the number of tries.
  'deployment.activate': FOR_HOURS,
  'route.publish': FOR_HOURS,
  'project.teardown': FOR_HOURS,
  'deployment.purge': FOR_HOURS,
  // Then the deployment has failed. Whoever pushed an hour ago has pushed again, or wants to know.
  'build.start': FOR_AN_HOUR,
  // No build lasts longer.
  'run.cancel': FOR_AN_HOUR,
  'alert.send': FOR_AN_HOUR,
  // What a commit's page says at the end of a deployment is not said again.
  'commit.status': FOR_AN_HOUR,
  // Only the database is asked; what fails for longer than some minutes is a fault of ours.
  'keys.rewrap': 12,
  'keys.reseal': 12,
  // A timer asks again: after ten minutes, five, five, and one.
  'branch.sync': FOR_MINUTES,
  'hook.redeliver': FOR_SECONDS,
  'route.scrub': FOR_SECONDS,
  'deployment.rescue': 1,
  // Only improvements, and soon out of date.
  'route.probe': FOR_SECONDS,
  'cache.purge': FOR_SECONDS,
} as const satisfies Record<Topic, number>;
