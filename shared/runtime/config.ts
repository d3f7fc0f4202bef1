import * as z from 'zod';

// The one file that reads the environment of a function. A slice is a strict object of variables; a function names the
// slices it needs and gets all problems in one message.

const secret = (bytes: number) =>
  z
    .string()
    .regex(/^[A-Za-z0-9_-]+$/, 'must be base64url')
    .refine((text) => Buffer.from(text, 'base64url').length >= bytes, `must hold at least ${bytes} random bytes`)
    .refine((text) => new Set(text).size > 10, 'must be random: this one repeats itself');

const origin = z
  .url({ protocol: /^https?$/ })
  .refine((text) => new URL(text).origin === text, 'must be an origin, without a path');

const flag = z.enum(['true', 'false']).transform((text) => text === 'true');

export const databaseConfig = z.object({
  DATABASE_URL: z.url({ protocol: /^postgres(ql)?$/ }),
  DATABASE_POOL_SIZE: z.coerce.number().int().min(1).max(20).default(2),
});

export const rootKeyConfig = z.object({ MIAOBU_ROOT_KEY: secret(32) });

/** Where the platform and its sites are reached, as origins (`https://api.example.com`, `https://example.site`). */
export const originConfig = z.object({ CONTROL_ORIGIN: origin, SITES_ORIGIN: origin });

/** Region, account and the temporary keys that Function Compute gives a function with a role. */
export const aliyunConfig = z.object({
  ALIYUN_REGION: z.string().regex(/^[a-z]{2}-[a-z0-9-]+$/),
  ALIBABA_CLOUD_ACCESS_KEY_ID: z.string().min(1),
  ALIBABA_CLOUD_ACCESS_KEY_SECRET: z.string().min(1),
  ALIBABA_CLOUD_SECURITY_TOKEN: z.string().min(1).optional(),
});

export const objectStoreConfig = z.object({
  OSS_ENDPOINT: origin,
  /** What presigned URLs name: build runners are outside the private network. */
  OSS_PUBLIC_ENDPOINT: origin,
  OSS_BUCKET: z.string().min(3).max(63),
  OSS_PATH_STYLE: flag.default(false),
});

export const edgeConfig = z.object({
  ESA_ENDPOINT: z.string().min(1),
  ESA_SITE_ID: z.coerce.number().int().positive(),
  ALIDNS_ENDPOINT: z.string().min(1),
  /** The registered zone in AliDNS: never derived from a hostname, which fails for `.com.cn`. */
  DNS_ZONE: z.string().min(1),
});

export const buildLogConfig = z.object({
  TABLESTORE_ENDPOINT: origin,
  TABLESTORE_INSTANCE: z.string().min(1),
});

/** How the `deploy` function is woken. */
export const doorbellConfig = z.object({ DOORBELL_ENDPOINT: origin, DOORBELL_FUNCTION: z.string().min(1) });

/** One proxy serves every call that leaves mainland China (GitHub, the language model). */
export const outboundConfig = z.object({ OUTBOUND_PROXY_URL: z.url({ protocol: /^https?$/ }).optional() });

export const githubConfig = z.object({ GITHUB_API_URL: z.url({ protocol: /^https?$/ }) });

/** The workflow that builds sites: `owner/name` of the platform's repository, the workflow's file, and the branch it runs from. */
export const buildRunnerConfig = z.object({
  BUILD_REPOSITORY: z.string().regex(/^[\w.-]+\/[\w.-]+$/),
  BUILD_WORKFLOW: z
    .string()
    .regex(/^[\w.-]+\.ya?ml$/)
    .default('build.yml'),
  BUILD_REF: z.string().min(1).default('main'),
});

/** What Function Compute tells every function. */
export const instanceConfig = z.object({
  FC_SERVER_PORT: z.coerce.number().int().positive().default(9000),
  FC_FUNCTION_NAME: z.string().default('local'),
  FC_INSTANCE_ID: z.string().default('local'),
});

/**
 * Parses the slices from the environment, once per cold start. Throws one error that lists every problem by variable
 * and never shows a value. An empty variable counts as absent.
 */
export function readConfig<Shape extends z.core.$ZodLooseShape>(
  slices: readonly { readonly shape: Shape }[],
  environment: NodeJS.ProcessEnv = process.env,
): z.output<z.ZodObject<Shape>> {
  const schema = z.object(Object.assign({}, ...slices.map((slice) => slice.shape)) as Shape);
  const present = Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== ''));
  const parsed = schema.safeParse(present);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`);
  throw new Error(`the configuration is not valid\n  ${problems.join('\n  ')}`);
}
