import type { Topic } from '../../contracts/messages.ts';
import type { AppError, ErrorCode } from '../../kernel/app-error.ts';

/**
 * External services the platform depends on, each with its own circuit breaker. `actions` is GitHub with the platform's token, `github`
 * with its users'.
 */
export type Provider = 'github' | 'actions' | 'oss' | 'esa' | 'alidns' | 'tablestore';

/** The providers that a topic's handler calls. While one of them is down, the topic waits. */
export const providersOf: Readonly<Record<Topic, readonly Provider[]>> = {
  'hostname.connect': ['esa', 'alidns'],
  'hook.connect': ['github'],
  'hook.redeliver': ['github'],
  'branch.sync': ['github'],
  'build.start': ['actions'],
  'run.cancel': ['actions'],
  'deployment.rescue': ['actions', 'oss'],
  'deployment.activate': ['oss', 'esa'],
  'route.publish': ['esa'],
  'route.scrub': ['esa'],
  'route.probe': [],
  'cache.purge': ['esa'],
  'commit.status': ['github'],
  'alert.send': [],
  'project.teardown': ['github', 'oss', 'esa', 'alidns', 'tablestore'],
  'keys.rewrap': [],
  'keys.reseal': [],
  'deployment.purge': ['oss', 'esa'],
};

// GitHub's rate limits are per token: one user's says nothing about others' work.
const providersOfCode: Partial<Record<ErrorCode, readonly Provider[]>> = {
  code_host_unavailable: ['github', 'actions'],
  code_host_throttled: ['actions'],
  object_store_unavailable: ['oss'],
  edge_unavailable: ['esa'],
  dns_unavailable: ['alidns'],
  log_store_unavailable: ['tablestore'],
};

/** The provider to blame for this error of a topic: it does not answer, or asks all of us to slow down. */
export function providerOfError({ code, details }: AppError, topic: Topic): Provider | undefined {
  // Alibaba Cloud's services share one error code for this; the details name the service.
  const meant = code === 'vendor_throttled' ? (`${details?.service}_unavailable` as ErrorCode) : code;
  return providersOf[topic].find((provider) => providersOfCode[meant]?.includes(provider));
}

/**
 * How many seconds the provider of this error (`providerOfError`) asked to be left alone. Going on regardless may get the platform's token
 * banned (GitHub, "Best practices for using the REST API").
 */
export function pauseOfError({ code, details }: AppError): number | undefined {
  const isThrottled = code === 'code_host_throttled' || code === 'vendor_throttled';
  const stated = details?.retryAfterSeconds;
  return isThrottled && typeof stated === 'number' ? stated : undefined;
}
