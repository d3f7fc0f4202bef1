import { expect, test } from 'vitest';
import { asyncInvokeConfigOf, customDomainOf, functionSettingsOf, triggersOf } from './fc3-requests.ts';
import { readSYaml, readSYamlText } from './read-s-yaml.ts';
import { exampleEnvironment } from './testing/example-environment.ts';

const { functions, domain } = readSYaml(await readSYamlText(), exampleEnvironment());

const propsOf = (key: string) => {
  const props = functions.get(key);
  if (!props) throw new Error(`there is no ${key}`);
  return props;
};

test('CreateFunction gets what fc3 sends: the props except those with calls of their own, and everything else empty', () => {
  const account = '1234567890123456';
  expect(functionSettingsOf(propsOf('webhook_function'))).toEqual({
    functionName: 'miaobu-webhook',
    description: "takes GitHub's pushes and queues deployments",
    runtime: 'custom.debian11',
    handler: 'index.handler',
    customRuntimeConfig: { command: ['/opt/nodejs22/bin/node', '/code/index.js'], args: [], port: 9000 },
    layers: [
      'acs:fc:cn-hangzhou:official:layers/Nodejs22/versions/3',
      `acs:fc:cn-hangzhou:${account}:layers/miaobu/versions/1`,
    ],
    role: `acs:ram::${account}:role/miaobu`,
    vpcConfig: { vpcId: 'vpc-example', vSwitchIds: ['vsw-example'], securityGroupId: 'sg-example' },
    internetAccess: true,
    logConfig: {
      project: 'miaobu-example',
      logstore: 'functions',
      enableRequestMetrics: true,
      enableInstanceMetrics: true,
      logBeginRule: 'None',
    },
    instanceLifecycleConfig: { preStop: { handler: 'pre-stop', timeout: 40 } },
    cpu: 0.25,
    memorySize: 512,
    diskSize: 512,
    timeout: 30,
    instanceConcurrency: 20,
    environmentVariables: {
      NODE_PATH: '/opt/nodejs/node_modules',
      DATABASE_URL: exampleEnvironment().DATABASE_URL,
      DATABASE_POOL_SIZE: '7',
      MIAOBU_ROOT_KEY: exampleEnvironment().MIAOBU_ROOT_KEY,
      MIAOBU_ROOT_KEY_PREVIOUS: '',
      ALIYUN_REGION: 'cn-hangzhou',
      DOORBELL_ENDPOINT: `https://${account}.cn-hangzhou-internal.fc.aliyuncs.com`,
      DOORBELL_FUNCTION: 'miaobu-deploy',
    },
    tracingConfig: {},
    ossMountConfig: { mountPoints: [] },
    nasConfig: { groupId: 0, userId: 0, mountPoints: [] },
    instanceIsolationMode: 'SHARE',
    sessionAffinity: 'NONE',
  });
});

test('the configuration of a trigger is JSON inside the JSON', () => {
  expect(triggersOf(propsOf('deploy_function'))).toEqual([
    {
      triggerName: 'every-minute',
      triggerType: 'timer',
      triggerConfig: '{"cronExpression":"@every 1m","enable":true}',
      qualifier: 'LATEST',
      description: '',
    },
  ]);
  expect(triggersOf(propsOf('migrate_function'))).toEqual([]);
});

test('rules for asynchronous calls name no destinations', () => {
  const config = { maxAsyncRetryAttempts: 3, maxAsyncEventAgeInSeconds: 600, destinationConfig: {} };
  expect(asyncInvokeConfigOf(propsOf('deploy_function'))).toEqual(config);
  expect(asyncInvokeConfigOf(propsOf('webhook_function'))).toBeUndefined();
});

test('the custom domain is requested without a certificate, which an update would replace', () => {
  expect(Object.keys(customDomainOf(domain)).sort()).toEqual(['domainName', 'protocol', 'routeConfig']);
});
