import type { FaultPlan } from './fault-plan.ts';
import type { SeededRandom } from './seeded-random.ts';
import type { Trace } from './trace.ts';
import { Violation } from './violation.ts';
import type { VirtualClock } from './virtual-clock.ts';

/** Something an actor does that others can see: a transaction, a call of a vendor. */
export interface Effect {
  readonly label: string;
  /** What the caller is told when it fails or its answer is lost. Absent: it cannot fail. */
  readonly failure?: () => Error;
  /** Performs the effect some time after the caller was told that it failed. */
  readonly late?: () => void;
}

/**
 * The outcome of an effect: done; refused before it happened; done, with the answer lost; or done only after the caller
 * was told that it failed.
 */
export type Fate = 'go' | 'fail' | 'lose' | 'late';

export type Ending = 'ended' | 'failed' | 'killed';

/** One process of the story, advancing only when the scheduler lets it. */
export interface Actor {
  readonly name: string;
  /** Waits to be scheduled, then performs the effect. Being killed or stalled after it is the same as before the next one. */
  effect<T>(effect: Effect, perform: () => Promise<T> | T): Promise<T>;
  /** Writes the result of the current effect into the trace. */
  note(what: string): void;
  sleep(milliseconds: number): Promise<void>;
  /** Waits for another actor, at most this long. Undefined: the time was up. */
  waitFor<T>(other: Promise<T>, milliseconds: number): Promise<T | undefined>;
}

export interface Spawned {
  /** Also resolves when the actor was killed. */
  readonly ending: Promise<Ending>;
}

export interface Scheduler {
  spawn(name: string, run: (actor: Actor) => Promise<void>, options?: { readonly immortal?: boolean }): Spawned;
  /** Lets one runnable actor advance to its next wait. False: no actor can advance at this time. */
  advanceOne(): Promise<boolean>;
  /** Whether any actor can advance at this time. */
  isBusy(): boolean;
  /** How many actors of this kind (the first word of their name) are alive. */
  count(kind: string): number;
  /** Ends all stalls. */
  wakeAll(): void;
  /** When the next sleeping or stalled actor can advance; undefined when none waits for a time. */
  nextWakeAt(): number | undefined;
}

interface Living {
  readonly name: string;
  readonly immortal: boolean;
  stalledUntil: number;
  alive: boolean;
  end(ending: Ending): void;
}

interface Parked {
  readonly owner: Living;
  readonly label: string;
  /** Absent: it waits only for time to pass. */
  readonly effect: Effect | undefined;
  readonly wakesAt: number;
  resume(fate: Fate): void;
}

/**
 * Owns all interleaving. The product's code runs unchanged; whatever it calls waits here first, so that at any time one
 * actor advances and the rest stand still between two effects. A killed actor is simply never resumed,
 * which is what SIGKILL leaves.
 */
export function createScheduler(parts: {
  readonly random: SeededRandom;
  readonly clock: VirtualClock;
  readonly trace: Trace;
  readonly faults: FaultPlan;
}): Scheduler {
  const { random, clock, trace, faults } = parts;
  const living = new Set<Living>();
  const parked = new Set<Parked>();
  let underWay = 0;
  let quiet: (() => void) | undefined;

  /** Until every actor waits again: no effect is in progress and nothing is left that could run by itself. */
  async function settled(): Promise<void> {
    do {
      if (underWay > 0) await new Promise<void>((resolve) => (quiet = resolve));
      await new Promise((resolve) => setImmediate(resolve));
    } while (underWay > 0);
  }

  const park = (owner: Living, place: Omit<Parked, 'owner' | 'resume'>) =>
    new Promise<Fate>((resume) => {
      if (owner.alive) parked.add({ owner, ...place, resume });
    });

  async function perform<T>(work: () => Promise<T> | T): Promise<T> {
    underWay += 1;
    try {
      return await work();
    } finally {
      underWay -= 1;
      if (underWay === 0) quiet?.();
    }
  }

  const actorOf = (self: Living): Actor => ({
    name: self.name,
    async effect(effect, work) {
      const { label } = effect;
      // One connection, one actor at a time: it would wait forever. And transactions must not be that long anywhere else.
      if (underWay > 0) throw new Violation('T1', `${label} is called inside a transaction`);
      const fate = await park(self, { label, effect, wakesAt: 0 });
      if (fate === 'late') effect.late?.();
      if (fate === 'late' || fate === 'fail') throw effect.failure?.();
      const value = await perform(work);
      if (fate === 'lose') throw effect.failure?.();
      return value;
    },
    note: (what) => trace.write(self.name, `  ${what}`),
    async sleep(milliseconds) {
      await park(self, { label: 'asleep', effect: undefined, wakesAt: clock.now() + milliseconds });
    },
    async waitFor(other, milliseconds) {
      let mine: Parked | undefined;
      const timeUp = new Promise<undefined>((resolve) => {
        mine = {
          owner: self,
          label: 'waiting',
          effect: undefined,
          wakesAt: clock.now() + milliseconds,
          resume: () => resolve(undefined),
        };
        if (self.alive) parked.add(mine);
      });
      const first = await Promise.race([other, timeUp]);
      if (mine) parked.delete(mine);
      return first;
    },
  });

  const isReady = ({ wakesAt, owner }: Parked) => wakesAt <= clock.now() && owner.stalledUntil <= clock.now();

  function kill(victim: Living): void {
    for (const place of parked) if (place.owner === victim) parked.delete(place);
    victim.end('killed');
  }

  return {
    spawn(name, run, options = {}) {
      let end: (ending: Ending) => void = () => {};
      const ending = new Promise<Ending>((resolve) => (end = resolve));
      const self: Living = {
        name,
        immortal: options.immortal ?? false,
        stalledUntil: 0,
        alive: true,
        end(how) {
          if (!self.alive) return;
          self.alive = false;
          living.delete(self);
          trace.write(name, how);
          end(how);
        },
      };
      living.add(self);
      trace.write(name, 'begins');
      const actor = actorOf(self);
      run(actor).then(
        () => self.end('ended'),
        (error: unknown) => {
          if (error instanceof Violation) faults.report(error);
          trace.write(name, `threw ${error}`);
          self.end('failed');
        },
      );
      return { ending };
    },

    async advanceOne() {
      await settled();
      const now = clock.now();
      const chosen = random.pick([...parked].filter(isReady));
      if (!chosen) return false;
      const { owner, label, effect } = chosen;
      const fate = faults.decide({
        label,
        canFail: effect?.failure !== undefined,
        canBeLate: effect?.late !== undefined,
        mortal: !owner.immortal,
      });
      if (effect || fate.kind !== 'go') {
        const stall = fate.kind === 'stall' ? ` for ${fate.seconds} s` : '';
        trace.write(owner.name, `${label}${fate.kind === 'go' ? '' : ` ← ${fate.kind}${stall}`}`);
      }
      if (fate.kind === 'kill') kill(owner);
      else if (fate.kind === 'stall') owner.stalledUntil = now + fate.seconds * 1000;
      else {
        parked.delete(chosen);
        chosen.resume(fate.kind === 'down' ? 'fail' : fate.kind);
      }
      await settled();
      return true;
    },

    isBusy: () => [...parked].some(isReady),
    count: (kind) => [...living].filter(({ name }) => name.startsWith(`${kind} `)).length,
    wakeAll() {
      for (const each of living) each.stalledUntil = 0;
    },
    nextWakeAt() {
      const times = [...parked].map((place) => Math.max(place.wakesAt, place.owner.stalledUntil));
      return times.length === 0 ? undefined : Math.min(...times);
    },
  };
}
