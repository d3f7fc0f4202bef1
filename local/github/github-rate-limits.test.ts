import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import { expect, test } from 'vitest';
import { createRateLimits } from './github-rate-limits.ts';

const user = (id: number) => ({ id, login: `user-${id}`, token: `token-${id}` });

test('the 5,001st request of an hour is one too many, for this user only and until the hour is over', () => {
  let clock = 1_000_000;
  const limits = createRateLimits(() => clock);
  const response = new ServerResponse(new IncomingMessage(new Socket()));
  for (let n = 1; n <= 5000; n++) expect(limits.spend(user(1), response)).toBe(false);
  expect(response.getHeader('x-ratelimit-remaining')).toBe('0');
  expect(limits.spend(user(1), response)).toBe(true);
  expect(limits.spend(user(2), response)).toBe(false);
  expect(response.getHeader('x-ratelimit-remaining')).toBe('4999');
  clock = Number(response.getHeader('x-ratelimit-reset')) * 1000;
  expect(limits.spend(user(1), response)).toBe(false);
});
