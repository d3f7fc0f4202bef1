import type { $OpenApiUtil } from '@alicloud/openapi-core';
import type { ErrorCode } from '../../kernel/app-error.ts';
import type { BeforeCall } from '../../ports/before-call.ts';
import { aliyunError } from './aliyun-error.ts';
import { observingWait } from './stated-wait.ts';

export interface AliyunApiConfig {
  /** A host, or an origin such as `http://127.0.0.1:8080`. */
  readonly endpoint: string;
  /** `cn-hangzhou`. */
  readonly region: string;
  /** Read before every call: the credentials of a function's role rotate while an instance lives. */
  readonly credentials: () => {
    readonly accessKeyId: string;
    readonly accessKeySecret: string;
    readonly securityToken?: string | undefined;
  };
  /** Timeout of one call. Default 10 s. */
  readonly timeoutMs?: number;
}

/** A generated SDK: its client class and its request classes. */
interface Sdk {
  readonly default: new (config: $OpenApiUtil.Config) => ApiClient;
}

interface ApiClient {
  callApi(...call: never[]): Promise<{ [name: string]: unknown }>;
}

/**
 * Runs calls of one of Alibaba Cloud's generated SDKs. `load` is awaited once, at the first call: the SDKs take megabytes and hundreds of
 * milliseconds. Resolves with the response body; rejects with an `AppError`, whose code for a transient failure is `unavailable`; what
 * `beforeCall` throws is rethrown unchanged. No retries.
 */
export function vendorCall<Loaded extends Sdk>(
  config: AliyunApiConfig,
  load: () => Promise<Loaded>,
  unavailable: ErrorCode,
) {
  type Client = InstanceType<Loaded['default']>;
  let loading: Promise<Loaded> | undefined;
  let current: { readonly key: string; readonly client: Client } | undefined;

  const clientOf = async (sdk: Loaded) => {
    const { accessKeyId, accessKeySecret, securityToken } = config.credentials();
    const key = `${accessKeyId}\n${securityToken ?? ''}`;
    if (current?.key !== key) {
      const [, scheme = 'https', host = config.endpoint] = /^(https?):\/\/(.+)$/.exec(config.endpoint) ?? [];
      const { $OpenApiUtil } = (await import('@alicloud/openapi-core')).default;
      const settings = new $OpenApiUtil.Config({
        accessKeyId,
        accessKeySecret,
        ...(securityToken === undefined ? {} : { securityToken }),
        endpoint: host,
        protocol: scheme,
        regionId: config.region,
        connectTimeout: 5000,
        readTimeout: config.timeoutMs ?? 10_000,
      });
      current = { key, client: refusingErrorsWithStatus200(new sdk.default(settings) as Client) };
    }
    return current.client;
  };

  return async <Body>(
    run: (client: Client, sdk: Loaded) => Promise<{ body?: Body }>,
    beforeCall?: BeforeCall,
  ): Promise<Body> => {
    beforeCall?.();
    return observingWait(async (statedWait) => {
      try {
        loading ??= load();
        const sdk = await loading;
        const { body } = await run(await clientOf(sdk), sdk);
        if (!body) throw new Error('an answer without a body');
        return body;
      } catch (error) {
        throw aliyunError(error, unavailable, statedWait());
      }
    });
  };
}

/** ESA can report an error with HTTP 200 and a `Code`, which the generated methods would silently drop. */
function refusingErrorsWithStatus200<Client extends ApiClient>(client: Client): Client {
  const callApi = client.callApi.bind(client);
  client.callApi = async (...call) => {
    const answer = await callApi(...call);
    const { Code: code, Message: message } = (answer.body ?? {}) as { Code?: unknown; Message?: unknown };
    if (typeof code !== 'string' || ['', 'OK', 'Success', '200'].includes(code)) return answer;
    throw Object.assign(new Error(`code: 200, ${String(message)}`), { code, statusCode: 400 });
  };
  return client;
}
