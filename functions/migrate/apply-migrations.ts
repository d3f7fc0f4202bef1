import type { Context } from '@miaobu/shared/kernel/context';

export interface Deps {
  /** Applies what is not applied yet and returns the names. */
  readonly migrate: (log: (line: string) => void) => Promise<readonly string[]>;
}

/** Brings the schema up to date. Safe to repeat, and safe beside another. */
export const applyMigrations =
  (deps: Deps) =>
  async ({ log }: Pick<Context, 'log'>): Promise<readonly string[]> => {
    const applied = await deps.migrate((line) => log.warn(line));
    log.info('migrations applied', { applied });
    return applied;
  };
