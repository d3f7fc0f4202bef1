import type { ServerResponse } from 'node:http';
import type { GithubUser } from './github-users.ts';

const LIMIT = 5000;
const WINDOW_MS = 60 * 60_000;

export interface RateLimits {
  /** Counts one request and writes the `x-ratelimit-*` headers. True when it is one too many. */
  spend(user: GithubUser, response: ServerResponse): boolean;
  /** Undoes the last count. */
  refund(user: GithubUser, response: ServerResponse): void;
}

/** GitHub's primary limit: 5,000 requests an hour for each user. The count starts over when the emulator starts. */
export function createRateLimits(now: () => number): RateLimits {
  const windows = new Map<number, { used: number; resetsAt: number }>();
  const show = ({ used, resetsAt }: { used: number; resetsAt: number }, response: ServerResponse) => {
    response.setHeader('x-ratelimit-limit', String(LIMIT));
    response.setHeader('x-ratelimit-used', String(used));
    response.setHeader('x-ratelimit-remaining', String(LIMIT - used));
    response.setHeader('x-ratelimit-reset', String(Math.ceil(resetsAt / 1000)));
    response.setHeader('x-ratelimit-resource', 'core');
  };
  return {
    spend(user, response) {
      const open = windows.get(user.id);
      const window = open && open.resetsAt > now() ? open : { used: 0, resetsAt: now() + WINDOW_MS };
      windows.set(user.id, window);
      const exceeded = window.used >= LIMIT;
      if (!exceeded) window.used += 1;
      show(window, response);
      return exceeded;
    },
    refund(user, response) {
      const window = windows.get(user.id);
      if (!window) return;
      window.used -= 1;
      show(window, response);
    },
  };
}
