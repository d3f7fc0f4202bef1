import { AppError } from '@miaobu/shared/kernel/app-error';
import type { BuildLog, BuildLogEntry } from '@miaobu/shared/ports/build-log';

/** The build log as a plain object: cursors are `after-{n}`. */
export function memoryBuildLog(): Pick<BuildLog, 'read'> & {
  /** By the id of the deployment, as the database has it. */
  readonly lines: Map<string, string[]>;
  /** What was asked for. */
  readonly asked: unknown[];
} {
  const lines = new Map<string, string[]>();
  const asked: unknown[] = [];
  return {
    lines,
    asked,
    async read({ deploymentId }, options) {
      asked.push({ deploymentId, ...options });
      const [, after] = /^after-(\d+)$/.exec(options.after ?? 'after-0') ?? [];
      if (after === undefined) throw new AppError('invalid_request');
      const all: BuildLogEntry[] = (lines.get(deploymentId) ?? []).map((text, index) => ({
        cursor: `after-${index + 1}`,
        attempt: 1,
        at: '2031-02-03T04:05:06.000Z',
        text,
      }));
      const entries = all.slice(Number(after), Number(after) + options.limit);
      const last = entries.at(-1);
      return last && last !== all.at(-1) ? { entries, nextCursor: last.cursor } : { entries };
    },
  };
}
