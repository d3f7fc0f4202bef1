import type { DomainProps, FunctionProps } from './s-yaml-schema.ts';

// What the component fc3 requests from Function Compute, given the props of a resource. Read in its source, version 0.1.22
// (github.com/devsapp/fc3): src/default/config.ts, src/base.ts, src/subCommands/deploy/impl/*.ts.

/** What fc3 sends for everything a resource says nothing about, so that nothing set elsewhere stays. */
const NOTHING_OF_IT = {
  vpcConfig: { securityGroupId: '', vSwitchIds: [], vpcId: '' },
  tracingConfig: {},
  ossMountConfig: { mountPoints: [] },
  nasConfig: { groupId: 0, userId: 0, mountPoints: [] },
  logConfig: {
    enableInstanceMetrics: false,
    enableRequestMetrics: false,
    logBeginRule: 'None',
    logstore: '',
    project: '',
  },
  environmentVariables: {},
  layers: [],
  instanceIsolationMode: 'SHARE',
  sessionAffinity: 'NONE',
} as const;

/** `body` of CreateFunction and UpdateFunction, without the code. */
export function functionSettingsOf(props: FunctionProps) {
  // These are calls of their own, and the region is in the endpoint.
  const { region: _, code: __, triggers: ___, asyncInvokeConfig: ____, concurrencyConfig: _____, ...settings } = props;
  return {
    ...NOTHING_OF_IT,
    ...settings,
    role: settings.role.toLowerCase(),
    customRuntimeConfig: { args: [], ...settings.customRuntimeConfig },
  };
}
export type FunctionSettings = ReturnType<typeof functionSettingsOf>;

/** `body` of CreateTrigger, one a trigger. The configuration is JSON inside the JSON. */
export function triggersOf(props: FunctionProps) {
  return (props.triggers ?? []).map(({ triggerName, triggerType, triggerConfig }) => ({
    triggerName,
    triggerType,
    triggerConfig: JSON.stringify(triggerConfig),
    qualifier: 'LATEST',
    description: '',
  }));
}
export type TriggerInput = ReturnType<typeof triggersOf>[number];

/** `body` of PutAsyncInvokeConfig for `LATEST`. */
export const asyncInvokeConfigOf = ({ asyncInvokeConfig }: FunctionProps) =>
  asyncInvokeConfig && { ...asyncInvokeConfig, destinationConfig: {} };

/** `body` of CreateCustomDomain; fc3-domain updates with the same, but for the name. */
export const customDomainOf = ({ domainName, protocol, routeConfig }: DomainProps) => ({
  domainName,
  protocol,
  routeConfig,
});
