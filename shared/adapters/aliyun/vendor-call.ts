import type { $OpenApiUtil } from '@alicloud/openapi-core';
import type { ErrorCode } from '../../kernel/app-error.ts';
import type { BeforeCall } from '../../ports/before-call.ts';
import { aliyunError } from './aliyun-error.ts';

export interface AliyunApiConfig {
  /** A host, or an origin such as `http://127.0.0.1:8080`. */
  readonly endpoint: string;
  /** `cn-hangzhou`. */
  readonly region: string;
  /** Asked before every call: the credentials of a function's role change while an instance lives. */
  readonly credentials: () => {
    readonly accessKeyId: string;
    readonly accessKeySecret: string;
    readonly securityToken?: string | undefined;
  };
  /** How long one call may wait for its answer. Default 10 s. */
  readonly timeoutMs?: number;
}

/** A generated SDK: the class of its client, and those of its requests. */
interface Sdk {
  readonly default: new (config: $OpenApiUtil.Config) => ApiClient;
}

interface ApiClient {
  callApi(...call: never[]): Promise<{ [name: string]: unknown }>;
}

/**
 * Runs calls of one of Alibaba Cloud's generated SDKs. `load` is awaited at the first call and never again: the SDKs weigh
 * megabytes and hundreds of milliseconds. Resolves with the body of the answer; rejects with an `AppError`, of which
 * `unavailable` is the code for a passing failure; what `beforeCall` throws is passed on as it is. Nothing is tried twice.
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
    try {
      loading ??= load();
      const sdk = await loading;
      const { body } = await run(await clientOf(sdk), sdk);
      if (!body) throw new Error('an answer without a body');
      return body;
    } catch (error) {
      throw aliyunError(error, unavailable);
    }
  };
}

/** ESA can say that it failed with HTTP 200 and a `Code`, which the generated methods would silently drop. */
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
