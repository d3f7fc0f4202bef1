import * as z from 'zod';
import type { CloudCredentials } from './credentials.ts';

// The only file that reads a function's environment. A slice names some variables, their validation, and their result; a
// function names the slices it needs and gets all problems in one message.

export interface ConfigSlice<Shape extends z.core.$ZodLooseShape, Value> {
  readonly shape: Shape;
  value(environment: z.output<z.ZodObject<Shape>>): Value;
}

const slice = <Shape extends z.core.$ZodLooseShape, Value>(
  shape: Shape,
  value: (environment: z.output<z.ZodObject<Shape>>) => Value,
): ConfigSlice<Shape, Value> => ({ shape, value });

const secret = (bytes: number) =>
  z
    .string()
    .regex(/^[A-Za-z0-9_-]+$/, 'must be base64url')
    .refine((text) => Buffer.from(text, 'base64url').length >= bytes, `must hold at least ${bytes} random bytes`)
    .refine((text) => new Set(text).size > 10, 'must be random: this one repeats itself');

const origin = z
  .url({ protocol: /^https?$/ })
  // zod runs this check even for an invalid URL.
  .refine((text) => URL.canParse(text) && new URL(text).origin === text, 'must be an origin, without a path');

const flag = z.enum(['true', 'false']).transform((text) => text === 'true');

export const databaseConfig = slice(
  {
    DATABASE_URL: z.url({ protocol: /^postgres(ql)?$/ }),
    DATABASE_POOL_SIZE: z.coerce.number().int().min(1).max(20).default(2),
  },
  (env) => ({ database: { url: env.DATABASE_URL, poolSize: env.DATABASE_POOL_SIZE } }),
);

/** The root key, and during a rotation the previous one (docs/decisions/0008). */
export const rootKeyConfig = slice(
  { MIAOBU_ROOT_KEY: secret(32), MIAOBU_ROOT_KEY_PREVIOUS: secret(32).optional() },
  (env) => ({
    rootKeys: {
      current: env.MIAOBU_ROOT_KEY,
      ...(env.MIAOBU_ROOT_KEY_PREVIOUS === undefined ? {} : { previous: env.MIAOBU_ROOT_KEY_PREVIOUS }),
    },
  }),
);

/** Origins of the platform and its sites (`https://api.example.com`, `https://example.site`). */
export const originConfig = slice({ CONTROL_ORIGIN: origin, SITES_ORIGIN: origin }, (env) => ({
  controlOrigin: env.CONTROL_ORIGIN,
  sitesOrigin: env.SITES_ORIGIN,
}));

/** The region, and the temporary credentials that Function Compute gives a function with a role. */
export const aliyunConfig = slice(
  {
    ALIYUN_REGION: z.string().regex(/^[a-z]{2}-[a-z0-9-]+$/),
    ALIBABA_CLOUD_ACCESS_KEY_ID: z.string().min(1),
    ALIBABA_CLOUD_ACCESS_KEY_SECRET: z.string().min(1),
    ALIBABA_CLOUD_SECURITY_TOKEN: z.string().min(1).optional(),
  },
  (env) => {
    const initialCredentials: CloudCredentials = {
      accessKeyId: env.ALIBABA_CLOUD_ACCESS_KEY_ID,
      accessKeySecret: env.ALIBABA_CLOUD_ACCESS_KEY_SECRET,
      ...(env.ALIBABA_CLOUD_SECURITY_TOKEN === undefined ? {} : { securityToken: env.ALIBABA_CLOUD_SECURITY_TOKEN }),
    };
    return { region: env.ALIYUN_REGION, initialCredentials };
  },
);

export const objectStoreConfig = slice(
  {
    OSS_ENDPOINT: origin,
    /** Used in presigned URLs: build runners are outside the private network. */
    OSS_PUBLIC_ENDPOINT: origin,
    OSS_BUCKET: z.string().min(3).max(63),
    OSS_PATH_STYLE: flag.default(false),
  },
  (env) => ({
    objectStore: {
      endpoint: env.OSS_ENDPOINT,
      publicEndpoint: env.OSS_PUBLIC_ENDPOINT,
      bucket: env.OSS_BUCKET,
      pathStyle: env.OSS_PATH_STYLE,
    },
  }),
);

export const edgeConfig = slice(
  { ESA_ENDPOINT: z.string().min(1), ESA_SITE_ID: z.coerce.number().int().positive() },
  (env) => ({
    edge: { endpoint: env.ESA_ENDPOINT, siteId: env.ESA_SITE_ID },
  }),
);

/** The zone as registered in AliDNS: never derived from a hostname, which fails for `.com.cn`. */
export const dnsConfig = slice({ ALIDNS_ENDPOINT: z.string().min(1), DNS_ZONE: z.string().min(1) }, (env) => ({
  dns: { endpoint: env.ALIDNS_ENDPOINT, domainName: env.DNS_ZONE },
}));

const LOG_DAYS = 90;

export const buildLogConfig = slice({ TABLESTORE_ENDPOINT: origin, TABLESTORE_INSTANCE: z.string().min(1) }, (env) => ({
  buildLog: {
    endpoint: env.TABLESTORE_ENDPOINT,
    instance: env.TABLESTORE_INSTANCE,
    table: 'build_logs',
    timeToLiveSeconds: LOG_DAYS * 24 * 60 * 60,
  },
}));

/** How the `deploy` function is woken. */
export const doorbellConfig = slice({ DOORBELL_ENDPOINT: origin, DOORBELL_FUNCTION: z.string().min(1) }, (env) => ({
  doorbell: { endpoint: env.DOORBELL_ENDPOINT, functionName: env.DOORBELL_FUNCTION },
}));

/** GitHub, and a proxy to it for where the direct route out of mainland China is too slow. */
export const githubConfig = slice(
  {
    GITHUB_API_URL: z.url({ protocol: /^https?$/ }),
    OUTBOUND_PROXY_URL: z.url({ protocol: /^https?$/ }).optional(),
  },
  (env) => ({
    github: {
      apiUrl: env.GITHUB_API_URL,
      ...(env.OUTBOUND_PROXY_URL === undefined ? {} : { proxyUrl: env.OUTBOUND_PROXY_URL }),
    },
  }),
);

/** The application for signing in at GitHub: an OAuth App or a GitHub App. Its secret is in the database. */
export const githubOauthConfig = slice(
  { GITHUB_WEB_URL: z.url({ protocol: /^https?$/ }), GITHUB_CLIENT_ID: z.string().regex(/^[\w.-]+$/) },
  (env) => ({ githubOauth: { webUrl: env.GITHUB_WEB_URL, clientId: env.GITHUB_CLIENT_ID } }),
);

/** The same for functions that refresh expiring tokens; without it none is refreshed. */
export const githubRenewalConfig = slice(
  {
    GITHUB_WEB_URL: githubOauthConfig.shape.GITHUB_WEB_URL.optional(),
    GITHUB_CLIENT_ID: githubOauthConfig.shape.GITHUB_CLIENT_ID.optional(),
  },
  ({ GITHUB_WEB_URL: webUrl, GITHUB_CLIENT_ID: clientId }) => ({
    githubOauth: webUrl === undefined || clientId === undefined ? undefined : { webUrl, clientId },
  }),
);

/** Where the operator is alerted to what was given up. */
export const alertConfig = slice({ ALERT_WEBHOOK_URL: z.url({ protocol: /^https?$/ }).optional() }, (env) => ({
  alertUrl: env.ALERT_WEBHOOK_URL,
}));

/** Origins whose pages may use the API, separated by commas. All others are refused, including those of this machine. */
export const corsConfig = slice(
  {
    CORS_ORIGINS: z
      .string()
      .default('')
      .transform((text) => text.split(',').flatMap((each) => each.trim() || []))
      .pipe(z.array(origin.refine((text) => !text.includes('*'), 'must name one origin, without a wildcard'))),
  },
  (env) => ({ corsOrigins: env.CORS_ORIGINS }),
);

/** Scales the API's rate limits (functions/api/onion/rate-limits.ts). */
export const rateLimitConfig = slice({ RATE_LIMIT_SCALE: z.coerce.number().positive().default(1) }, (env) => ({
  rateLimitScale: env.RATE_LIMIT_SCALE,
}));

/** Where sites are probed, when their names do not resolve here. */
export const probeConfig = slice({ SITES_PROBE_ORIGIN: origin.optional() }, (env) => ({
  probeOrigin: env.SITES_PROBE_ORIGIN,
}));

/** The workflow that builds sites: `owner/name` of the platform's repository, the workflow's file, and the branch it runs from. */
export const buildRunnerConfig = slice(
  {
    BUILD_REPOSITORY: z.string().regex(/^[\w.-]+\/[\w.-]+$/),
    BUILD_WORKFLOW: z
      .string()
      .regex(/^[\w.-]+\.ya?ml$/)
      .default('build.yml'),
    BUILD_REF: z.string().min(1).default('main'),
  },
  (env) => ({
    buildRunner: { repository: env.BUILD_REPOSITORY, workflow: env.BUILD_WORKFLOW, ref: env.BUILD_REF },
  }),
);

/** What Function Compute tells every function. */
export const instanceConfig = slice(
  {
    FC_SERVER_PORT: z.coerce.number().int().positive().default(9000),
    FC_INSTANCE_ID: z.string().default('unknown'),
  },
  (env) => ({ port: env.FC_SERVER_PORT, instanceId: env.FC_INSTANCE_ID }),
);

type AnySlice = ConfigSlice<z.core.$ZodLooseShape, object>;
type Intersection<Union> = (Union extends unknown ? (member: Union) => void : never) extends (all: infer All) => void
  ? All
  : never;

/**
 * Parses the slices from the environment, once per cold start. Throws one error that lists every problem by variable
 * and never shows a value. An empty variable counts as absent.
 */
export function readConfig<const Slices extends readonly Pick<AnySlice, 'shape' | 'value'>[]>(
  slices: Slices,
  environment: NodeJS.ProcessEnv = process.env,
): Intersection<ReturnType<Slices[number]['value']>> {
  const schema = z.object(Object.assign({}, ...slices.map(({ shape }) => shape)) as z.core.$ZodLooseShape);
  const present = Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== ''));
  const parsed = schema.safeParse(present);
  if (!parsed.success) {
    const problems = parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`);
    throw new Error(`the configuration is not valid\n  ${problems.join('\n  ')}`);
  }
  return Object.assign({}, ...slices.map((part) => part.value(parsed.data)));
}
