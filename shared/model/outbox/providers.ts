import type { Topic } from '../../contracts/messages.ts';
import type { AppError, ErrorCode } from '../../kernel/app-error.ts';

/** Whom the platform depends on, each with a circuit breaker of its own. `actions` is GitHub by the platform's own token, `github` by its users'. */
export type Provider = 'github' | 'actions' | 'oss' | 'esa' | 'alidns' | 'tablestore';

/** Whom the work behind a topic calls. While one of them is down, the topic waits. */
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

// A limit that GitHub sets is one token's: that of a user says nothing about anybody else's work.
const providersOfCode: Partial<Record<ErrorCode, readonly Provider[]>> = {
  code_host_unavailable: ['github', 'actions'],
  code_host_throttled: ['actions'],
  object_store_unavailable: ['oss'],
  edge_unavailable: ['esa'],
  dns_unavailable: ['alidns'],
  log_store_unavailable: ['tablestore'],
};

/** Whom it speaks against that the work of a topic ended with this error: who does not answer, or asks all of us to slow down. */
export function providerOfError({ code, details }: AppError, topic: Topic): Provider | undefined {
  // The services of Alibaba Cloud share one code for that; which it was is told beside it.
  const meant = code === 'vendor_throttled' ? (`${details?.service}_unavailable` as ErrorCode) : code;
  return providersOf[topic].find((provider) => providersOfCode[meant]?.includes(provider));
}
