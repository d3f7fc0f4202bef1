import { expect, test } from 'vitest';
import type { FunctionInstance } from './function-instance.ts';
import type { InstancePlan } from './instance-launch.ts';
import { createInstancePool, type Lease } from './instance-pool.ts';

const planOf = (concurrency: number) => ({ functionName: 'shop', concurrency }) as InstancePlan;
const noSignal = new AbortController().signal;

/** A pool of fake instances: starting one takes until `come` is called. */
function paperPool(options: { concurrency: number; maxInstances: number; maxWaiting?: number; idleMs?: number }) {
  const events: string[] = [];
  const starting: { come: () => void; fail: (error: Error) => void }[] = [];
  let started = 0;
  const pool = createInstancePool(planOf(options.concurrency), options.maxInstances, {
    settleMs: 0,
    idleMs: options.idleMs ?? 3_600_000,
    maxWaiting: options.maxWaiting ?? 10,
    start: (plan) =>
      new Promise((resolve, reject) => {
        const id = `i${++started}`;
        let exit = () => {};
        const exited = new Promise<void>((done) => {
          exit = done;
        });
        const instance: FunctionInstance = {
          id,
          plan,
          exited,
          request: () => Promise.reject(new Error('paper answers nothing')),
          freeze: () => void events.push(`${id} freezes`),
          thaw: () => {},
          end: async () => {
            events.push(`${id} ends`);
            exit();
          },
          kill: async () => {
            events.push(`${id} is killed`);
            exit();
          },
        };
        starting.push({ come: () => resolve(instance), fail: reject });
      }),
  });
  return { pool, events, starting };
}
const settled = () => new Promise((resolve) => setImmediate(resolve));

test('requests share an instance up to its concurrency, also while it starts', async () => {
  const { pool, starting } = paperPool({ concurrency: 2, maxInstances: 5 });
  const leases = [1, 2, 3].map(() => pool.acquire(noSignal));
  expect(starting).toHaveLength(2);
  for (const { come } of starting) come();
  expect((await Promise.all(leases)).map(({ instance }) => instance.id)).toEqual(['i1', 'i1', 'i2']);
});

test('a request above the cap waits for room, and one above the queue is refused with 429', async () => {
  const { pool, starting } = paperPool({ concurrency: 1, maxInstances: 1, maxWaiting: 1 });
  const first = pool.acquire(noSignal);
  starting[0]?.come();
  const waiting = pool.acquire(noSignal);
  await expect(pool.acquire(noSignal)).rejects.toMatchObject({ status: 429, code: 'ResourceExhausted' });
  (await first).release();
  expect((await waiting).instance.id).toBe('i1');
  expect(starting).toHaveLength(1);
});

test('a request that is given up no longer waits', async () => {
  const { pool, starting } = paperPool({ concurrency: 1, maxInstances: 1, maxWaiting: 1 });
  const first = pool.acquire(noSignal);
  starting[0]?.come();
  const gone = new AbortController();
  const waiting = pool.acquire(gone.signal);
  gone.abort();
  await expect(waiting).rejects.toThrow();
  const next = pool.acquire(noSignal);
  (await first).release();
  expect((await next).instance.id).toBe('i1');
});

test('an instance that does not start fails the requests it was started for, and no other', async () => {
  const { pool, starting } = paperPool({ concurrency: 1, maxInstances: 1 });
  const first = pool.acquire(noSignal);
  const waiting = pool.acquire(noSignal);
  starting[0]?.fail(new Error('no such file'));
  await expect(first).rejects.toThrow('no such file');
  await settled();
  starting[1]?.come();
  expect((await waiting).instance.id).toBe('i2');
});

test('a condemned instance accepts no new request, and is killed when its last one is done', async () => {
  const { pool, starting, events } = paperPool({ concurrency: 2, maxInstances: 5 });
  const both = [pool.acquire(noSignal), pool.acquire(noSignal)];
  starting[0]?.come();
  const [late, other] = (await Promise.all(both)) as [Lease, Lease];
  late.release({ condemn: true });
  const next = pool.acquire(noSignal);
  starting[1]?.come();
  expect((await next).instance.id).toBe('i2');
  expect(events).toEqual([]);
  other.release();
  await settled();
  expect(events).toEqual(['i1 is killed']);
});

test('after a change the old instance finishes its requests, and new ones go to a new instance', async () => {
  const { pool, starting, events } = paperPool({ concurrency: 5, maxInstances: 1 });
  const before = pool.acquire(noSignal);
  starting[0]?.come();
  const old = await before;
  pool.replace(planOf(5), 1);
  const after = pool.acquire(noSignal);
  starting[1]?.come();
  expect((await after).instance.id).toBe('i2');
  expect(events).toEqual([]);
  old.release();
  await settled();
  expect(events).toEqual(['i1 ends']);
});

test('closing ends running instances, and refuses waiting and new requests', async () => {
  const { pool, starting, events } = paperPool({ concurrency: 1, maxInstances: 1 });
  const first = pool.acquire(noSignal);
  starting[0]?.come();
  await first;
  const waiting = pool.acquire(noSignal);
  const refused = expect(waiting).rejects.toMatchObject({ status: 503 });
  await pool.close();
  await refused;
  await expect(pool.acquire(noSignal)).rejects.toMatchObject({ status: 503 });
  expect(events).toEqual(['i1 ends']);
});
