import { Cron } from 'croner';
import { invalidArgument } from './fc-errors.ts';

/** When a timer next fires after a moment; both in milliseconds since 1970. Undefined when it never fires again. */
export type NextFiring = (after: number) => number | undefined;

/**
 * FC's time expressions: `@every {n}m` (or h), and six fields with seconds first, in UTC unless `CRON_TZ={zone}` stands
 * before them. `?` is `*`, days of the week are 1 to 7 from Monday. Throws `InvalidArgument`.
 */
export function parseCronExpression(expression: string, createdAt: number): NextFiring {
  const every = /^@every (\d+)([mh])$/.exec(expression.trim());
  if (every) {
    const interval = Number(every[1]) * (every[2] === 'h' ? 3_600_000 : 60_000);
    if (interval === 0) throw invalidArgument(`cronExpression '${expression}': the interval must be at least a minute`);
    return (after) => createdAt + (Math.floor((after - createdAt) / interval) + 1) * interval;
  }
  const [, zone = 'UTC', fields = ''] = /^(?:CRON_TZ=(\S+)\s+)?(.*)$/.exec(expression.trim()) ?? [];
  if (fields.split(/\s+/).length !== 6)
    throw invalidArgument(
      `cronExpression '${expression}' must be six fields (seconds first), or '@every {n}m' with a whole number`,
    );
  try {
    const cron = new Cron(fields.replaceAll('?', '*'), { timezone: zone, paused: true });
    cron.nextRun();
    return (after) => cron.nextRun(new Date(after))?.getTime();
  } catch (error) {
    throw invalidArgument(`cronExpression '${expression}': ${error instanceof Error ? error.message : error}`);
  }
}
