import { ossObjectStore } from '@miaobu/shared/adapters/aliyun/oss-object-store';
import type { Platform } from '../../tests/e2e/start-platform.ts';
import { accountOf, variablesOf } from './platform-functions.ts';

/** The keys in the platform's bucket that begin with `prefix`. */
export async function objectsUnder(platform: Platform, prefix: string): Promise<ReadonlySet<string>> {
  const variable = await variablesOf(platform);
  const { operator } = accountOf(platform);
  const store = ossObjectStore({
    endpoint: variable('OSS_ENDPOINT'),
    bucket: variable('OSS_BUCKET'),
    pathStyle: variable('OSS_PATH_STYLE') === 'true',
    region: variable('ALIYUN_REGION'),
    credentials: () => operator,
  });
  const keys = new Set<string>();
  let cursor: string | undefined;
  do {
    const page = await store.list(prefix, cursor === undefined ? {} : { cursor });
    for (const { key } of page.objects) keys.add(key);
    cursor = page.nextCursor;
  } while (cursor !== undefined);
  return keys;
}
