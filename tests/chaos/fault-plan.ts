import type { Net } from './nets.ts';
import { type SeededRandom, seededRandom } from './seeded-random.ts';
import type { Violation } from './violation.ts';
import type { VirtualClock } from './virtual-clock.ts';

/** Where an actor is when the scheduler picks it. */
export interface Place {
  readonly label: string;
  readonly canFail: boolean;
  readonly canBeLate: boolean;
  readonly mortal: boolean;
}

export type Decision =
  | { readonly kind: 'go' | 'fail' | 'lose' | 'late' | 'down' | 'kill' }
  | { readonly kind: 'stall'; readonly seconds: number };

/** Shorter than what is left of a lease when a worker trusts it for the last time. */
const WITHIN_A_LEASE_SECONDS = 20;

export const faultKinds = ['kill', 'stall', 'fail', 'lose', 'late', 'down'] as const;
export type Fault = (typeof faultKinds)[number];

/** How often each fault happens in one run. */
export interface Rates {
  readonly kill: number;
  readonly stall: number;
  readonly fail: number;
  readonly lose: number;
  readonly late: number;
  readonly lostRing: number;
  readonly lostDelivery: number;
  readonly doubleDelivery: number;
  readonly lostRun: number;
}

export interface FaultPlan {
  readonly rates: Rates;
  decide(place: Place): Decision;
  /** From here on everything works. */
  stop(): void;
  readonly stopped: () => boolean;
  report(violation: Violation): void;
  readonly violation: () => Violation | undefined;
  /** How often each fault occurred. */
  readonly counts: Readonly<Record<Fault, number>>;
}

/** Outside an outage, a call never fails more often than this in a row. */
const FAILURES_IN_A_ROW = 3;

/**
 * Vendors that go down as a whole, and for how many minutes at most: nothing may be given up for that long. A build that cannot be started
 * fails after an hour.
 */
const outages = [
  { calls: /^(edge|zone)\./, minutes: 90 },
  { calls: /^objects\./, minutes: 90 },
  { calls: /^(github|actions)\./, minutes: 25 },
  { calls: /^actions\./, minutes: 25 },
] as const;
const OUTAGES_IN_A_RUN = 2;

/**
 * Every run mixes its own faults: some kinds are absent and others frequent, so that a combination that needs high rates
 * occurs in some runs ("swarm testing", Groce et al. 2012).
 */
function ratesOf(random: SeededRandom): Rates {
  const of = (...choices: readonly number[]) => random.pick(choices) ?? 0;
  return {
    kill: of(0, 0.002, 0.005, 0.012),
    stall: of(0, 0.002, 0.005, 0.012),
    fail: of(0, 0.01, 0.03),
    lose: of(0, 0.01, 0.03),
    late: of(0, 0.1, 0.4),
    lostRing: of(0, 0.2, 0.8),
    lostDelivery: of(0, 0.15, 0.4),
    doubleDelivery: of(0, 0.2),
    lostRun: of(0, 0.1),
  };
}

/** A pause is either too short to matter, longer than a lease, or longer than every limit. */
const pause = (random: SeededRandom) =>
  random.pick([random.between(5, 40), random.between(90, 240), random.between(600, 1800)]) ?? 0;

/**
 * Decides for each call whether its vendor is down. An outage begins with a call and lasts for a time. It has its own random numbers, so
 * a run without an outage is the same as if outages did not exist.
 */
function vendorsThatGoDown(seed: number, clock: VirtualClock): (label: string) => boolean {
  const random = seededRandom(seed);
  const rate = random.pick([0, 0.003, 0.01]) ?? 0;
  let begun = 0;
  let underWay: { readonly calls: RegExp; readonly until: number } | undefined;
  return (label) => {
    if (underWay && underWay.until <= clock.now()) underWay = undefined;
    if (!underWay && begun < OUTAGES_IN_A_RUN && random.chance(rate)) {
      const outage = random.pick(outages.filter(({ calls }) => calls.test(label)));
      if (outage) {
        begun += 1;
        underWay = { calls: outage.calls, until: clock.now() + random.between(2, outage.minutes) * 60_000 };
      }
    }
    return underWay?.calls.test(label) ?? false;
  };
}

export function faultPlan(
  seed: number,
  random: SeededRandom,
  clock: VirtualClock,
  without: ReadonlySet<Net>,
): FaultPlan {
  const mixed = ratesOf(random);
  // A write that lands after a newer one leaves a wrong value until something compares.
  const rates = without.has('scrub') ? { ...mixed, late: 0 } : mixed;
  const isDown = vendorsThatGoDown(seed, clock);
  const failures = new Map<string, number>();
  const counts = { kill: 0, stall: 0, fail: 0, lose: 0, late: 0, down: 0 };
  let stopped = false;
  let violation: Violation | undefined;

  function choose({ label, canFail, canBeLate, mortal }: Place): Decision {
    if (mortal && random.chance(rates.kill)) return { kind: 'kill' };
    // Pauses do damage before a write to the edge and before a deletion: neither can be fenced.
    const touchy = /^(edge|objects\.delete)/.test(label) ? 4 : 1;
    // A process that stalls while one of its writes to the edge is on its way makes it land after a newer one, unless its lease lasts.
    const longest = without.has('scrub') ? WITHIN_A_LEASE_SECONDS : Number.POSITIVE_INFINITY;
    const mayStall = !(without.has('scrub') && label.startsWith('edge.put'));
    if (mayStall && random.chance(rates.stall * touchy)) {
      return { kind: 'stall', seconds: Math.min(longest, pause(random)) };
    }
    if (canFail && isDown(label)) return { kind: 'down' };
    const before = failures.get(label) ?? 0;
    if (canFail && before < FAILURES_IN_A_ROW) {
      const fault =
        canBeLate && random.chance(rates.late)
          ? 'late'
          : random.chance(rates.fail)
            ? 'fail'
            : random.chance(rates.lose)
              ? 'lose'
              : undefined;
      if (fault) {
        failures.set(label, before + 1);
        return { kind: fault };
      }
    }
    failures.delete(label);
    return { kind: 'go' };
  }

  return {
    rates,
    counts,
    decide(place) {
      if (stopped) return { kind: 'go' };
      const decision = choose(place);
      if (decision.kind !== 'go') counts[decision.kind] += 1;
      return decision;
    },
    stop() {
      stopped = true;
    },
    stopped: () => stopped,
    report(found) {
      violation ??= found;
    },
    violation: () => violation,
  };
}
