import type { InstancePlan } from './instance-launch.ts';

export type ControlPath = '/http-invoke' | '/invoke' | '/initialize' | '/pre-stop';

/**
 * The headers FC puts on everything it sends to a custom runtime ("Common request headers" of its documentation).
 * `x-fc-control-path` is the kind of request.
 */
export function fcHeaders(
  plan: InstancePlan,
  controlPath: ControlPath,
  requestId: string,
  more: Record<string, string> = {},
): Record<string, string> {
  const { credentials } = plan;
  return {
    'x-fc-control-path': controlPath,
    'x-fc-request-id': requestId,
    'x-fc-function-name': plan.functionName,
    'x-fc-function-handler': plan.handler,
    'x-fc-function-memory': String(plan.memorySize),
    'x-fc-function-timeout': String(plan.timeout),
    'x-fc-region': plan.region,
    'x-fc-account-id': plan.accountId,
    'x-fc-qualifier': 'LATEST',
    'x-fc-version-id': 'LATEST',
    ...(credentials && {
      'x-fc-access-key-id': credentials.accessKeyId,
      'x-fc-access-key-secret': credentials.accessKeySecret,
      'x-fc-security-token': credentials.securityToken ?? '',
    }),
    ...more,
  };
}
