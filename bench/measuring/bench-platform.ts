import { randomBytes } from 'node:crypto';
import { type Platform, startPlatform } from '../../tests/e2e/start-platform.ts';
import { endWithBench } from './end-with-bench.ts';

/** A folder that does not exist yet, where the account that Postgres runs under can reach it. */
export const newHome = () => `/var/tmp/miaobu-bench-${randomBytes(6).toString('hex')}`;

/** A whole platform of its own for one measurement, ended and deleted afterwards. */
export async function withPlatform<T>(use: (platform: Platform) => Promise<T>): Promise<T> {
  const platform = await startPlatform(newHome());
  const end = endWithBench(async () => {
    await platform.stop();
    platform.clean();
  });
  try {
    return await use(platform);
  } finally {
    await end();
  }
}
