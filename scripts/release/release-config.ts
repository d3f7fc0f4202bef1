import {
  aliyunConfig,
  buildLogConfig,
  edgeConfig,
  objectStoreConfig,
  originConfig,
  readConfig,
} from '@miaobu/shared/runtime/config';
import * as z from 'zod';

const origin = z.url({ protocol: /^https?$/ }).refine((text) => new URL(text).origin === text, 'must be an origin');

const releaseInput = z.strictObject({
  /** The operator's key, not that of the functions' role. */
  credentials: z.strictObject({
    accessKeyId: z.string().min(1),
    accessKeySecret: z.string().min(1),
    securityToken: z.string().min(1).optional(),
  }),
  /** Where this program reaches the services; functions may have other addresses, inside the private network. */
  endpoints: z.strictObject({ fc: origin, esa: origin, oss: origin, tablestore: origin }),
  /** The variables that s.yaml asks for (.env.example), except those the release determines: see `variablesOf`. */
  environment: z.record(z.string(), z.string()),
  /** Build results are kept here for the next release. */
  cacheDirectory: z.string().min(1),
  /** What `migrate` is called with: functions/migrate/migrate-event.ts. */
  migrateEvent: z.record(z.string(), z.unknown()).default({}),
  /**
   * If given, everything except the functions is released: their packages are written here (`dist`, where s.yaml looks), for
   * Serverless Devs to deploy.
   */
  packagesDirectory: z.string().min(1).optional(),
});
export type ReleaseInput = z.input<typeof releaseInput>;

export type ReleaseConfig = ReturnType<typeof readReleaseConfig>;

/** Names of resources that a release creates, besides those in s.yaml. */
export const LAYER_NAME = 'miaobu';
export const ROUTINE_NAME = 'miaobu';

/** Checks the configuration, and reads from its variables what functions read from theirs, by the same rules. */
export function readReleaseConfig(value: unknown) {
  const parsed = releaseInput.safeParse(value);
  if (!parsed.success) throw new Error(`the configuration of the release: ${z.prettifyError(parsed.error)}`);
  const { environment, credentials } = parsed.data;
  const cloud = readConfig([aliyunConfig, originConfig, objectStoreConfig, edgeConfig, buildLogConfig], {
    ...environment,
    ALIBABA_CLOUD_ACCESS_KEY_ID: credentials.accessKeyId,
    ALIBABA_CLOUD_ACCESS_KEY_SECRET: credentials.accessKeySecret,
    ALIBABA_CLOUD_SECURITY_TOKEN: credentials.securityToken,
  });
  return { ...parsed.data, cloud };
}

/** The values for `${env()}` in s.yaml: the given variables, and those derived from them and from the release. */
export function variablesOf({ environment, cloud }: ReleaseConfig, layerArn: string): Record<string, string> {
  const { hostname, protocol } = new URL(cloud.controlOrigin);
  return {
    CONTROL_DOMAIN: hostname,
    CONTROL_PROTOCOL: protocol === 'http:' ? 'HTTP' : 'HTTP,HTTPS',
    ...environment,
    MIAOBU_LAYER_ARN: layerArn,
  };
}
