import type { Outbox } from '@miaobu/shared/db/outbox';
import { AppError, type ErrorCode } from '@miaobu/shared/kernel/app-error';
import type { Repositories, Store } from '@miaobu/shared/model/repositories';
import type { Actor } from './scheduler.ts';

type Method = (...args: readonly unknown[]) => unknown;

const shown = (args: readonly unknown[]) =>
  args
    .flatMap((arg) => (Array.isArray(arg) ? arg : [arg]))
    .filter((arg) => typeof arg === 'string' && arg.length < 120)
    .join(' ');

/** The same object, with every method call passed to `call` instead. */
function intercept<T extends object>(target: T, call: (name: string, method: Method, args: unknown[]) => unknown): T {
  return new Proxy(target, {
    get(object, name) {
      const member: unknown = Reflect.get(object, name);
      if (typeof member !== 'function' || typeof name !== 'string') return member;
      return (...args: unknown[]) => call(name, member.bind(object) as Method, args);
    },
  });
}

const unavailable = (code: ErrorCode) => () => new AppError(code, { message: 'a fault of the simulator' });

/** A vendor as one actor sees it: every call waits for the scheduler, and may fail with `code` before or after its effect. */
export const guardedPort = <T extends object>(
  actor: Actor,
  name: string,
  port: T,
  code: ErrorCode,
  late: (method: string, args: readonly unknown[]) => (() => void) | undefined = () => undefined,
): T =>
  intercept(port, (method, perform, args) => {
    const landsLater = late(method, args);
    const effect = {
      label: `${name}.${method} ${shown(args)}`,
      failure: unavailable(code),
      ...(landsLater && { late: landsLater }),
    };
    return actor.effect(effect, () => perform(...args));
  });

const lost = unavailable('database_unavailable');

/** A mutation of the product's store, for `mutants.ts`. */
export type ChangeRepositories = (repositories: Repositories) => Repositories;

/** Names what a transaction did, for the trace. */
function noted(repositories: Repositories, calls: string[]): Repositories {
  const note = (name: string, perform: Method, args: unknown[]) => {
    calls.push(name);
    return perform(...args);
  };
  return overEach(repositories, (part, partName) =>
    typeof part === 'function'
      ? (...args: unknown[]) => note(partName, part as Method, args)
      : intercept(part as object, (name, perform, args) => note(`${partName}.${name}`, perform, args)),
  );
}

const overEach = (repositories: Repositories, change: (part: unknown, name: string) => unknown): Repositories =>
  Object.fromEntries(
    Object.entries(repositories).map(([name, part]) => [name, change(part, name)]),
  ) as unknown as Repositories;

/** The database as one actor sees it. A transaction is one effect; so is every statement outside of one. */
export function guardedStore(actor: Actor, store: Store, change: ChangeRepositories): Store {
  const { transaction, assertReady, ...bound } = store;
  const single = (label: string, perform: Method, args: unknown[]) =>
    actor.effect({ label: `${label} ${shown(args)}`, failure: lost }, () => perform(...args));
  const outside = overEach(change(bound), (part, partName) =>
    typeof part === 'function'
      ? (...args: unknown[]) => single(partName, part as Method, args)
      : intercept(part as object, (name, perform, args) => single(`${partName}.${name}`, perform, args)),
  );
  return {
    ...outside,
    assertReady,
    transaction: (work) =>
      actor.effect({ label: 'transaction', failure: lost }, async () => {
        const calls: string[] = [];
        try {
          return await transaction((repositories) => work(noted(change(repositories), calls)));
        } finally {
          actor.note(calls.join(', '));
        }
      }),
  };
}

/** The queue as one worker sees it. */
export const guardedOutbox = (actor: Actor, outbox: Outbox): Outbox =>
  intercept(outbox, (name, perform, args) =>
    actor.effect({ label: `outbox.${name} ${name === 'claim' ? '' : shown(args)}`, failure: lost }, () =>
      perform(...args),
    ),
  );
