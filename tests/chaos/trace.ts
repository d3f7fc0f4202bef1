import { readId } from '@miaobu/shared/kernel/ids';
import type { Log, LogFields } from '@miaobu/shared/kernel/log';
import type { VirtualClock } from './virtual-clock.ts';

/** What happened in a run, a line each: step, time, who, what. */
export interface Trace {
  write(who: string, what: string): void;
  /** Every line so far, oldest first. */
  lines(): readonly string[];
  /** Counts a step of the schedule and returns its number. */
  nextStep(): number;
  step(): number;
}

const UUID = /[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-([0-9a-f]{12})/g;
const SHOWN_ID = /\b(dep|prj|env|usr)_[0-9a-hjkmnp-tv-z]{26}\b/g;
const DIGEST = /\b([0-9a-f]{6})[0-9a-f]{34}(?:[0-9a-f]{24})?\b/g;
const kinds = { dep: 'deployment', prj: 'project', env: 'environment', usr: 'user' } as const;

/** Ids by their last digits (they are sequential within a run), hashes by their first. */
const shorten = (text: string) =>
  text
    .replace(SHOWN_ID, (id, prefix: keyof typeof kinds) => readId(kinds[prefix], id) ?? id)
    .replace(UUID, (_, digits: string) => `#${digits.replace(/^0+/, '')}`)
    .replace(DIGEST, '$1…');

export function createTrace(clock: VirtualClock): Trace {
  const lines: string[] = [];
  let step = 0;
  return {
    write(who, what) {
      const seconds = (clock.now() / 1000).toFixed(1);
      lines.push(`${String(step).padStart(5)} ${seconds.padStart(8)} s  ${who.padEnd(18)} ${shorten(what)}`);
    },
    lines: () => lines,
    nextStep: () => ++step,
    step: () => step,
  };
}

/** The log of one actor, written into the trace; lines of level info are left out. */
export function traceLog(trace: Trace, who: string): Log {
  const write = (message: string, fields: LogFields = {}) => {
    const { topic, what, error } = fields;
    const more = [topic, what, error].filter((field) => field !== undefined).join(' ');
    trace.write(who, `log: ${message}${more === '' ? '' : ` (${more})`}`);
  };
  const log: Log = { info: () => {}, warn: write, error: write, with: (fields) => withFields(log, fields) };
  return log;
}

const withFields = (log: Log, fields: LogFields): Log => ({
  info: (message, more) => log.info(message, { ...fields, ...more }),
  warn: (message, more) => log.warn(message, { ...fields, ...more }),
  error: (message, more) => log.error(message, { ...fields, ...more }),
  with: (more) => withFields(log, { ...fields, ...more }),
});
