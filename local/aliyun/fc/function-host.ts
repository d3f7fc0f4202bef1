import { notFound, stopping } from './fc-errors.ts';
import { type InstanceHost, startInstance } from './function-instance.ts';
import type { FunctionRecord } from './function-records.ts';
import type { InstancePlan } from './instance-launch.ts';
import { createInstancePool, type InstancePool, type Lease, type PoolOptions } from './instance-pool.ts';

/** Runs functions: a pool of instances for each, created on the first request. */
export interface FunctionHost {
  /** Throws `FunctionNotFound`, 412 when an instance does not start, 429 when too many requests wait. */
  acquire(functionName: string, signal: AbortSignal): Promise<Lease>;
  /** How many requests of a function run at once; 0 for one that does not exist. */
  capacity(functionName: string): number;
  /** To be called when settings, code or reserved concurrency have changed. */
  refresh(functionName: string): Promise<void>;
  /** Ends the instances of a function that was deleted, without waiting for it. */
  remove(functionName: string): void;
  close(): Promise<void>;
}

export interface FunctionHostOptions extends InstanceHost, Omit<PoolOptions, 'start'> {
  readonly find: (functionName: string) => FunctionRecord | undefined;
  readonly planOf: (record: FunctionRecord) => Promise<InstancePlan>;
  readonly maxInstances: (functionName: string) => number;
}

export function createFunctionHost(options: FunctionHostOptions): FunctionHost {
  const pools = new Map<string, Promise<InstancePool>>();
  const ending = new Set<Promise<unknown>>();
  let closed = false;

  const get = (functionName: string) => {
    const record = options.find(functionName);
    if (!record) throw notFound('Function', `function '${functionName}'`);
    return record;
  };
  const open = async (functionName: string) => {
    const plan = await options.planOf(get(functionName));
    return createInstancePool(plan, options.maxInstances(functionName), {
      idleMs: options.idleMs,
      settleMs: options.settleMs,
      maxWaiting: options.maxWaiting,
      async start(planNow, signal) {
        try {
          return await startInstance(options, planNow, signal);
        } catch (error) {
          const line = error instanceof Error ? error.message : String(error);
          options.logs.write({ function: functionName, instance: '', stream: 'platform', line });
          throw error;
        }
      },
    });
  };
  const poolOf = (functionName: string) => {
    if (closed) throw stopping();
    get(functionName);
    const known = pools.get(functionName);
    if (known) return known;
    const pool = open(functionName);
    pools.set(functionName, pool);
    pool.catch(() => pools.delete(functionName));
    return pool;
  };

  return {
    acquire: async (functionName, signal) => (await poolOf(functionName)).acquire(signal),
    capacity(functionName) {
      const record = options.find(functionName);
      return record ? options.maxInstances(functionName) * record.settings.instanceConcurrency : 0;
    },
    async refresh(functionName) {
      const known = pools.get(functionName);
      if (!known) return;
      const refreshed = known.then(async (pool) => {
        pool.replace(await options.planOf(get(functionName)), options.maxInstances(functionName));
      });
      // Requests and later changes wait for this one: plans replace each other in the order of the changes.
      pools.set(
        functionName,
        refreshed.then(
          () => known,
          () => known,
        ),
      );
      await refreshed;
    },
    remove(functionName) {
      const pool = pools.get(functionName);
      pools.delete(functionName);
      const ended = Promise.resolve(pool)
        .then((known) => known?.close())
        .catch(() => {});
      ending.add(ended);
      void ended.then(() => ending.delete(ended));
    },
    async close() {
      closed = true;
      for (const functionName of [...pools.keys()]) this.remove(functionName);
      await Promise.all(ending);
    },
  };
}
