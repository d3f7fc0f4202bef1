import { parseCronExpression } from './cron-expression.ts';
import { isoSeconds } from './fc-state.ts';
import type { TriggerRecord } from './trigger-records.ts';

/** Fires timer triggers. */
export interface TimerTriggers {
  /** Arms a trigger with its current configuration, replacing the previous one; a disabled trigger is disarmed. */
  arm(trigger: TriggerRecord): void;
  disarm(functionName: string, triggerName: string): void;
  close(): void;
}

// setTimeout fires at once for anything above 2^31 ms.
const LONGEST_WAIT_MS = 12 * 3_600_000;

/**
 * `fire` gets the event of a timer. Times at which the local cloud was not running are not made up for; FC has no
 * such times.
 */
export function createTimerTriggers(
  fire: (functionName: string, event: { triggerTime: string; triggerName: string; payload: string }) => void,
  now: () => number,
): TimerTriggers {
  const armed = new Map<string, NodeJS.Timeout>();
  const keyOf = (functionName: string, triggerName: string) => `${functionName}/${triggerName}`;
  const disarm = (functionName: string, triggerName: string) => {
    const key = keyOf(functionName, triggerName);
    clearTimeout(armed.get(key));
    armed.delete(key);
  };
  return {
    disarm,
    arm({ functionName, triggerName, config, lastModifiedTime }) {
      disarm(functionName, triggerName);
      if (config.type !== 'timer' || !config.enable) return;
      const next = parseCronExpression(config.cronExpression, Date.parse(lastModifiedTime));
      const wait = (moment: number | undefined) => {
        if (moment === undefined) return;
        const timer = setTimeout(
          () => {
            if (now() < moment) return wait(moment);
            fire(functionName, { triggerTime: isoSeconds(moment), triggerName, payload: config.payload });
            wait(next(now()));
          },
          Math.min(LONGEST_WAIT_MS, Math.max(0, moment - now())),
        );
        armed.set(keyOf(functionName, triggerName), timer);
      };
      wait(next(now()));
    },
    close() {
      for (const timer of armed.values()) clearTimeout(timer);
      armed.clear();
    },
  };
}
