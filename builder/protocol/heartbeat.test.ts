import { type BuildReport, HEARTBEAT_SECONDS } from '@miaobu/shared/contracts/build-job';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { AttemptOver } from '../build-failure.ts';
import { HEARTBEAT_PATIENCE_SECONDS, startReporting } from './heartbeat.ts';
import type { RetryOptions } from './retry-request.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

/** A platform that answers as told; `silent` does not answer at all. */
function createPlatform() {
  const platform = {
    answer: 'go on' as 'go on' | 'stop' | 'silent',
    reports: [] as BuildReport[],
    ended: [] as Error[],
    report(_token: string, report: BuildReport, { signal }: RetryOptions) {
      platform.reports.push(report);
      if (platform.answer !== 'silent') return Promise.resolve({ ignored: false, stop: platform.answer === 'stop' });
      return new Promise<never>((_, reject) => signal?.addEventListener('abort', () => reject(signal.reason)));
    },
  };
  const { signal } = new AbortController();
  const reporter = startReporting({ client: platform, token: 't', signal, end: (error) => platform.ended.push(error) });
  return { platform, reporter };
}

test('the answer to a heartbeat takes effect within five seconds', async () => {
  const { platform, reporter } = createPlatform();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(platform.ended).toEqual([]);
  // The second one, in case the answer to the first is lost.
  expect(HEARTBEAT_SECONDS + HEARTBEAT_PATIENCE_SECONDS).toBeLessThan(5);
  platform.answer = 'stop';
  await vi.advanceTimersByTimeAsync(HEARTBEAT_SECONDS * 1000);
  expect(platform.ended).toEqual([expect.any(AttemptOver)]);
  reporter.stop();
});

test('a heartbeat that is never answered does not keep the next from being sent', async () => {
  const { platform, reporter } = createPlatform();
  platform.answer = 'silent';
  await vi.advanceTimersByTimeAsync(HEARTBEAT_SECONDS * 1000);
  expect(platform.reports).toHaveLength(1);
  platform.answer = 'stop';
  await vi.advanceTimersByTimeAsync((HEARTBEAT_PATIENCE_SECONDS + HEARTBEAT_SECONDS) * 1000);
  expect(platform.ended).toEqual([expect.any(AttemptOver)]);
  reporter.stop();
});

test('reports are numbered one after the other, and after the last there is no heartbeat', async () => {
  const { platform, reporter } = createPlatform();
  await reporter.building();
  await vi.advanceTimersByTimeAsync(HEARTBEAT_SECONDS * 1000);
  await reporter.conclude({ kind: 'failed', code: 'build_failed', message: 'no' });
  await vi.advanceTimersByTimeAsync(60_000);
  expect(platform.reports.map(({ seq, kind }) => [seq, kind])).toEqual([
    [1, 'building'],
    [2, 'heartbeat'],
    [3, 'failed'],
  ]);
});
