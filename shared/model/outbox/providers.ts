import type { Topic } from '../../contracts/messages.ts';
import type { ErrorCode } from '../../kernel/app-error.ts';

/** Whom the platform depends on, each with a circuit breaker of its own. */
export type Provider = 'github' | 'oss' | 'esa' | 'alidns' | 'tablestore';

/** Whom the work behind a topic calls. While one of them is down, the topic waits. */
export const providersOf = {
  'hostname.connect': ['esa', 'alidns'],
  'hook.connect': ['github'],
  'hook.redeliver': ['github'],
  'branch.sync': ['github'],
  'build.start': ['github'],
  'run.cancel': ['github'],
  'deployment.rescue': ['github', 'oss'],
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
} as const satisfies Record<Topic, readonly Provider[]>;

const providerOfCode: Partial<Record<ErrorCode, Provider>> = {
  code_host_unavailable: 'github',
  code_host_throttled: 'github',
  object_store_unavailable: 'oss',
  edge_unavailable: 'esa',
  dns_unavailable: 'alidns',
  log_store_unavailable: 'tablestore',
};

/** Whose failure an error is, if it says that a provider does not answer or asks to slow down. */
export const providerOfError = (code: ErrorCode): Provider | undefined => providerOfCode[code];
