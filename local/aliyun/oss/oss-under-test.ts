import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import http from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import OSS from 'ali-oss';
import { listen } from '../../wire/emulator.ts';
import { type Account, type Credentials, createAccount, LOCAL_REGION } from '../account.ts';
import { createOssEmulator, type OssEmulator } from './create-oss-emulator.ts';

export interface OssUnderTest {
  readonly account: Account;
  readonly stateDirectory: string;
  readonly bucket: string;
  /** As ali-oss wants it: a name, not an IP address. */
  readonly endpoint: string;
  /** The running emulator: another one after `restart`. */
  emulator(): OssEmulator;
  /** V4 with the operator's key by default. */
  client(options?: Partial<OSS.Options>): OSS;
  /** Advances the emulator's clock by this many milliseconds. */
  moveClock(byMs: number): void;
  /** Ends the emulator and opens another one on the same state and the same port. */
  restart(): Promise<void>;
  close(): Promise<void>;
}

/** The emulator on a port of its own, with a bucket, in a temporary folder. */
export async function startOssUnderTest(bucket = 'contract-bucket'): Promise<OssUnderTest> {
  const account = createAccount('seed of a test');
  const stateDirectory = mkdtempSync(path.join(tmpdir(), 'oss-under-test-'));
  let offset = 0;
  const open = () =>
    createOssEmulator({ account, stateDirectory, region: LOCAL_REGION, now: () => Date.now() + offset });
  let emulator = open();
  emulator.putBucket(bucket);
  const listening = await listen({ handle: (request, response) => emulator.handle(request, response) });
  const endpoint = `http://localhost:${listening.port}`;
  return {
    account,
    stateDirectory,
    bucket,
    endpoint,
    emulator: () => emulator,
    client: (options) =>
      new OSS({
        ...clientCredentials(account.operator),
        bucket,
        endpoint,
        region: LOCAL_REGION,
        sldEnable: true,
        authorizationV4: true,
        ...options,
      }),
    moveClock(byMs) {
      offset += byMs;
    },
    async restart() {
      await emulator.close();
      emulator = open();
    },
    async close() {
      await listening.close();
      await emulator.close();
      rmSync(stateDirectory, { recursive: true, force: true });
    },
  };
}

/** In ali-oss's terms. */
export function clientCredentials({ accessKeyId, accessKeySecret, securityToken }: Credentials): {
  accessKeyId: string;
  accessKeySecret: string;
} & Partial<OSS.Options> {
  if (securityToken === undefined) return { accessKeyId, accessKeySecret };
  const refreshSTSToken = async () => ({ accessKeyId, accessKeySecret, stsToken: securityToken });
  return { accessKeyId, accessKeySecret, stsToken: securityToken, refreshSTSToken };
}

/** A request whose path and headers reach the server exactly as they are written; ali-oss and fetch tidy up both. */
export async function sendRaw(
  url: string,
  options: { method?: string; headers?: Record<string, string>; body?: Buffer } = {},
): Promise<{ status: number; headers: http.IncomingHttpHeaders; text: string }> {
  const { hostname, port } = new URL(url);
  const { method = 'GET', headers = {}, body } = options;
  const requestPath = url.slice(url.indexOf('/', 'http://'.length));
  const request = http.request({ hostname, port, path: requestPath, method, headers, agent: false });
  request.end(body);
  const [response] = (await once(request, 'response')) as [http.IncomingMessage];
  const text = Buffer.concat(await response.toArray()).toString();
  return { status: response.statusCode ?? 0, headers: response.headers, text };
}
