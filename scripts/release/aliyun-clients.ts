import { setTimeout as delay } from 'node:timers/promises';
import type { ReleaseConfig } from './release-config.ts';

/** UpdateFunction with a large package takes half a minute, and a migration may take its whole ten. */
const FC_TIMEOUT_MS = 11 * 60_000;
const ESA_TIMEOUT_MS = 30_000;

/** A client of Function Compute with the classes of its SDK. */
export async function connectFc(config: ReleaseConfig) {
  const { default: sdk } = await import('@alicloud/fc20230330');
  const client = new sdk.default(await clientConfig(config, config.endpoints.fc, FC_TIMEOUT_MS));
  return { client: readingAgain(client), sdk };
}
export type Fc = Awaited<ReturnType<typeof connectFc>>;

/** A client of ESA with the classes of its SDK, which is the largest and loads for a third of a second. */
export async function connectEsa(config: ReleaseConfig) {
  const { default: sdk } = await import('@alicloud/esa20240910');
  const client = new sdk.default(await clientConfig(config, config.endpoints.esa, ESA_TIMEOUT_MS));
  return { client: readingAgain(client), sdk };
}
export type Esa = Awaited<ReturnType<typeof connectEsa>>;

const TRIES = 3;
const PAUSE_MS = 500;
/** Node's errors for a connection that ended without an answer; the SDKs pass them on. */
const LOST_CONNECTION = new Set(['ECONNRESET', 'ECONNREFUSED', 'EPIPE', 'ETIMEDOUT', 'EAI_AGAIN']);

/**
 * Lets a client retry reads when the connection was lost: the SDKs keep connections alive, and
 * a server may close one just as it is reused. Changes are not repeated.
 */
function readingAgain<Client extends { callApi(...call: never[]): Promise<unknown> }>(client: Client): Client {
  const callApi = client.callApi.bind(client) as (...call: unknown[]) => Promise<{ [name: string]: unknown }>;
  client.callApi = async (...call: unknown[]) => {
    const { action = '' } = call[0] as { action?: string };
    const tries = /^(Get|List|Describe)/.test(action) ? TRIES : 1;
    for (let tried = 1; ; tried++) {
      try {
        return await callApi(...call);
      } catch (error) {
        if (tried === tries || !LOST_CONNECTION.has(codeOf(error))) throw error;
        await delay(PAUSE_MS * tried);
      }
    }
  };
  return client;
}

async function clientConfig({ credentials, cloud }: ReleaseConfig, endpoint: string, readTimeout: number) {
  const { $OpenApiUtil } = (await import('@alicloud/openapi-core')).default;
  const { host, protocol } = new URL(endpoint);
  const { securityToken, ...key } = credentials;
  return new $OpenApiUtil.Config({
    ...key,
    ...(securityToken === undefined ? {} : { securityToken }),
    endpoint: host,
    protocol: protocol.slice(0, -1),
    regionId: cloud.region,
    connectTimeout: 10_000,
    readTimeout,
  });
}

/** The answer, or undefined when the service says that there is none. */
export const ifThere = <Answer>(call: Promise<Answer>): Promise<Answer | undefined> =>
  call.catch((error: unknown) => {
    if (/NotFound|NotExist/i.test(codeOf(error))) return undefined;
    throw error;
  });

/** The service's own code of an SDK's error, such as `FunctionNotFound`; empty for any other error. */
export const codeOf = (error: unknown): string => String((error as { code?: unknown } | null)?.code ?? '');
