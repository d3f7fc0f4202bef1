import { AcsError } from '../../wire/acs3.ts';
import { stopping } from './fc-errors.ts';
import type { FunctionInstance } from './function-instance.ts';
import type { InstancePlan } from './instance-launch.ts';

/** The right to send one request to an instance; the instance stays awake and alive while it is held. */
export interface Lease {
  readonly instance: FunctionInstance;
  /** Releases it. With `condemn` the instance accepts no other request, and is killed when the last one is done. */
  release(options?: { condemn?: boolean }): void;
}

/** The instances of one function. */
export interface InstancePool {
  /**
   * An instance with room for one more request: the busiest first, else a new one, else the next that has room. Throws
   * 429 when too many wait already, and what `start` throws when a new one does not come up.
   */
  acquire(signal: AbortSignal): Promise<Lease>;
  /** From now on requests go to instances of this plan; those of the previous plan end when their requests are done. */
  replace(plan: InstancePlan, maxInstances: number): void;
  /** Ends every instance. Requests that wait are refused. */
  close(): Promise<void>;
}

export interface PoolOptions {
  readonly start: (plan: InstancePlan, signal: AbortSignal) => Promise<FunctionInstance>;
  /** How long an instance may be idle before it ends. */
  readonly idleMs: number;
  /** How long after its last request an instance is frozen. */
  readonly settleMs: number;
  /** How many requests may wait for an instance. */
  readonly maxWaiting: number;
}

interface Member {
  readonly plan: InstancePlan;
  readonly ready: Promise<FunctionInstance>;
  instance: FunctionInstance | undefined;
  inFlight: number;
  condemned: boolean;
  rest: NodeJS.Timeout | undefined;
}

export function createInstancePool(plan: InstancePlan, maxInstances: number, options: PoolOptions): InstancePool {
  let current = plan;
  let limit = maxInstances;
  const members = new Set<Member>();
  const ending = new Set<Promise<unknown>>();
  const waiting: { grant: (member: Member) => void; refuse: (error: unknown) => void }[] = [];
  const closing = new AbortController();

  const usable = () => [...members].filter((member) => !member.condemned && member.plan === current);
  const mayGrow = () => usable().length < limit;
  const withRoom = () =>
    usable()
      .filter((member) => member.inFlight < current.concurrency)
      .sort(
        (a, b) => Number(b.instance !== undefined) - Number(a.instance !== undefined) || b.inFlight - a.inFlight,
      )[0];

  const dismiss = (member: Member) => {
    if (!members.delete(member)) return;
    clearTimeout(member.rest);
    const ended = member.ready
      .then((instance) => (member.condemned ? instance.kill() : instance.end()))
      .catch(() => {});
    ending.add(ended);
    void ended.then(() => ending.delete(ended));
  };

  const settle = (member: Member) => {
    if (member.inFlight > 0 || !members.has(member)) return;
    if (member.condemned || member.plan !== current) return dismiss(member);
    if (!member.instance) return;
    member.rest = setTimeout(() => {
      member.instance?.freeze();
      member.rest = setTimeout(() => dismiss(member), options.idleMs);
    }, options.settleMs);
  };

  const grow = () => {
    const member: Member = {
      plan: current,
      ready: options.start(current, closing.signal),
      instance: undefined,
      inFlight: 0,
      condemned: false,
      rest: undefined,
    };
    members.add(member);
    member.ready.then(
      (instance) => {
        member.instance = instance;
        void instance.exited.then(() => forget(member));
        settle(member);
      },
      () => forget(member),
    );
    return member;
  };

  const forget = (member: Member) => {
    clearTimeout(member.rest);
    member.condemned = true;
    members.delete(member);
    serveWaiting();
  };

  const take = (member: Member) => {
    clearTimeout(member.rest);
    member.inFlight += 1;
    member.instance?.thaw();
    return member;
  };

  const serveWaiting = () => {
    while (waiting.length > 0) {
      const member = withRoom() ?? (mayGrow() ? grow() : undefined);
      if (!member) return;
      waiting.shift()?.grant(take(member));
    }
  };

  const giveBack = (member: Member) => {
    member.inFlight -= 1;
    settle(member);
    serveWaiting();
  };

  const wait = (signal: AbortSignal) =>
    new Promise<Member>((grant, refuse) => {
      if (waiting.length >= options.maxWaiting) {
        const most = `${limit} instances of ${current.concurrency} requests`;
        return refuse(new AcsError(429, 'ResourceExhausted', `function '${current.functionName}' is busy: ${most}`));
      }
      const leave = () => {
        waiting.splice(waiting.indexOf(entry), 1);
        refuse(signal.reason);
      };
      const entry = {
        grant(member: Member) {
          signal.removeEventListener('abort', leave);
          grant(member);
        },
        refuse(error: unknown) {
          signal.removeEventListener('abort', leave);
          refuse(error);
        },
      };
      waiting.push(entry);
      signal.addEventListener('abort', leave, { once: true });
    });

  return {
    async acquire(signal) {
      signal.throwIfAborted();
      if (closing.signal.aborted) throw stopping();
      const free = withRoom() ?? (mayGrow() ? grow() : undefined);
      const member = free ? take(free) : await wait(signal);
      let instance: FunctionInstance;
      try {
        instance = await member.ready;
      } catch (error) {
        giveBack(member);
        throw closing.signal.aborted ? stopping() : error;
      }
      let held = true;
      return {
        instance,
        release({ condemn = false } = {}) {
          if (!held) return;
          held = false;
          member.condemned ||= condemn;
          giveBack(member);
        },
      };
    },
    replace(next, maxInstancesNow) {
      current = next;
      limit = maxInstancesNow;
      for (const member of members) if (member.inFlight === 0 && member.plan !== current) dismiss(member);
      serveWaiting();
    },
    async close() {
      closing.abort(stopping());
      for (const entry of waiting.splice(0)) entry.refuse(stopping());
      for (const member of members) dismiss(member);
      await Promise.all(ending);
    },
  };
}
