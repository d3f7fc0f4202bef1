import { createLog } from '@miaobu/shared/runtime/logger';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { openTestStore, type TestStore } from '../../tests/database/prepare-deployment.ts';
import { type Duty, type DutyName, dutySeconds, runDuties } from './run-duties.ts';

let stored: TestStore;
const logged: string[] = [];
let done: DutyName[] = [];

beforeAll(async () => {
  stored = await openTestStore();
});
beforeEach(async () => {
  await stored.empty();
  logged.length = 0;
  done = [];
});
afterAll(() => stored.close());

const names = Object.keys(dutySeconds) as DutyName[];
const context = (signal = new AbortController().signal) => ({
  requestId: 'timer',
  log: createLog({}, (line) => logged.push(line)),
  signal,
});

/** One instance of `deploy`, whose duties only record that they ran. */
function instance(special: Partial<Record<DutyName, Duty>> = {}) {
  const duties = Object.fromEntries(
    names.map((name): [DutyName, Duty] => [
      name,
      async (given) => {
        done.push(name);
        return special[name]?.(given) ?? 0;
      },
    ]),
  ) as Record<DutyName, Duty>;
  return runDuties({ store: stored.store, duties });
}

/** The database's clock goes on while a test works. */
const MARGIN_SECONDS = 20;

test('a duty that never ran is due at once, and again after its period', async () => {
  const run = instance();
  await run(context());
  expect(done).toEqual(names);
  done = [];
  await run(context());
  expect(done).toEqual([]);
  for (const name of names) {
    await stored.empty();
    await run(context());
    done = [];
    await stored.moveClock(dutySeconds[name] - MARGIN_SECONDS);
    await run(context());
    expect(done).not.toContain(name);
    await stored.moveClock(MARGIN_SECONDS);
    await run(context());
    expect(done).toContain(name);
  }
});

test('of many instances that wake up together one runs each duty', async () => {
  const wakeUps = Array.from({ length: 12 }, () => instance()(context()));
  await Promise.all(wakeUps);
  expect(done.sort()).toEqual([...names].sort());
});

test('a failing duty is logged, does not stop the others, and runs again at its usual time', async () => {
  const [first, ...others] = names;
  if (!first) throw new Error('there is no duty');
  const broken = instance({ [first]: () => Promise.reject(new TypeError('a bug')) });
  await broken(context());
  expect(done).toEqual([first, ...others]);
  expect(logged.join('')).toMatch(/duty failed.*a bug|a bug.*duty failed/);
  done = [];
  await instance()(context());
  expect(done).toEqual([]);
  await stored.moveClock(dutySeconds[first]);
  await instance()(context());
  expect(done).toContain(first);
});

test('an instance whose time is over starts nothing more', async () => {
  const ending = new AbortController();
  const [first, second] = names;
  if (!first || !second) throw new Error('there are not two duties');
  const endsMeanwhile: Duty = async ({ signal }) => {
    ending.abort();
    expect(signal.aborted).toBe(true);
    return 1;
  };
  await instance({ [first]: endsMeanwhile })(context(ending.signal));
  expect(done).toEqual([first]);
  await instance()(context());
  expect(done).toContain(second);
});
