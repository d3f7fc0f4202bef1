import type { Topic } from '../../contracts/messages.ts';

// The wait before the next try is random, between zero and 2, 4, 8, … seconds, at most ten minutes. On average these
// numbers of tries last:

/** 29 hours; fewer than 24 in one case of 100 million. */
const FOR_A_DAY = 360;
/** Three hours and a quarter; fewer than two in one case of 100,000. */
const FOR_HOURS = 48;
const FOR_AN_HOUR = 20;
const FOR_MINUTES = 8;
const FOR_SECONDS = 4;

/**
 * How often a topic's work is tried before it is given up, unless the error is permanent. A vendor outage must not turn good work into a
 * failure, so work that nobody would request again outlasts any usual outage.
 */
export const triesOfTopics = {
  'hostname.connect': FOR_HOURS,
  'hook.connect': FOR_HOURS,
  // Longer than a deployment may be `deploying`: its deadline decides, not the number of tries.
  'deployment.activate': FOR_HOURS,
  'route.publish': FOR_HOURS,
  'project.teardown': FOR_HOURS,
  'deployment.purge': FOR_HOURS,
  // The deployment then fails, unless a newer push has superseded it meanwhile.
  'build.start': FOR_HOURS,
  // What nobody is told of, nobody mends: an alert outlasts a day's outage of its receiver. It is dropped then, because a dead letter would
  // alert through the same receiver; what it is about stays in the list of dead letters or in the audit log.
  'alert.send': FOR_A_DAY,
  // No build lasts longer.
  'run.cancel': FOR_AN_HOUR,
  // The final commit status of a deployment is not sent again.
  'commit.status': FOR_AN_HOUR,
  // Uses only the database; a failure for longer than some minutes is our own bug.
  'keys.rewrap': 12,
  'keys.reseal': 12,
  // A timer requests it again: every ten, five, five minutes, and every minute.
  'branch.sync': FOR_MINUTES,
  'hook.redeliver': FOR_SECONDS,
  'route.scrub': FOR_SECONDS,
  'deployment.rescue': 1,
  // Best effort, and soon stale.
  'route.probe': FOR_SECONDS,
  'cache.purge': FOR_SECONDS,
} as const satisfies Record<Topic, number>;
