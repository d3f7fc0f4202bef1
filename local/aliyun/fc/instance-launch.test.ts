import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type InstancePlan, launchOf, moveFolders, movePort } from './instance-launch.ts';

const folders = { codeDirectory: '/state/c0de', optDirectory: '/state/0pt' };

describe('folders of a function', () => {
  test.each([
    ['/code', '/state/c0de'],
    ['/opt/nodejs22/bin/node', '/state/0pt/nodejs22/bin/node'],
    ['/opt/bin:/usr/bin:/code/bin', '/state/0pt/bin:/usr/bin:/state/c0de/bin'],
    ['--require=/opt/start.js', '--require=/state/0pt/start.js'],
    ['--import file:///opt/start.mjs', '--import file:///state/0pt/start.mjs'],
    ["sh -c 'exec /code/run'", "sh -c 'exec /state/c0de/run'"],
  ])('%s is led to where it was unpacked', (before, after) => {
    expect(moveFolders(before, folders)).toBe(after);
  });

  test.each(['https://example.com/code/1', '/usr/opt/x', '/optional', '/codes', 'a/code', 'https://example.com/opt'])(
    '%s is left alone',
    (text) => {
      expect(moveFolders(text, folders)).toBe(text);
    },
  );
});

test.each([
  ['9000', '31234'],
  ['--port=9000', '--port=31234'],
  ['0.0.0.0:9000', '0.0.0.0:31234'],
  ['--timeout=90000', '--timeout=90000'],
  ['/data/9000', '/data/9000'],
])('the port in %s becomes that of the instance only where it is the port', (before, after) => {
  expect(movePort(before, 9000, 31_234)).toBe(after);
});

describe('environment of an instance', () => {
  let home: string;
  beforeAll(() => {
    home = mkdtempSync(path.join(tmpdir(), 'fc-launch-'));
  });
  afterAll(() => rmSync(home, { recursive: true, force: true }));
  const plan: InstancePlan = {
    functionName: 'shop',
    handler: 'index.handler',
    memorySize: 512,
    timeout: 3,
    concurrency: 1,
    command: ['/opt/nodejs22/bin/node', '/code/index.js'],
    environmentVariables: { NODE_PATH: '/opt/nodejs/node_modules', PORT: '9000', LISTEN_ON: '9000' },
    port: 9000,
    initializerTimeout: undefined,
    preStopTimeout: undefined,
    ...folders,
    codeChecksum: '1',
    credentials: undefined,
    region: 'cn-hangzhou',
    accountId: '1000000000000001',
  };

  test('holds the variables of the function and of FC, and none of the process that starts it', () => {
    const { environment } = launchOf(plan, 'c-1', 31_234, home);
    expect(Object.keys(environment).sort()).toEqual([
      'FC_ACCOUNT_ID',
      'FC_CUSTOM_LISTEN_PORT',
      'FC_FUNCTION_HANDLER',
      'FC_FUNCTION_MEMORY_SIZE',
      'FC_FUNCTION_NAME',
      'FC_INSTANCE_ID',
      'FC_REGION',
      'FC_SERVER_PORT',
      'HOME',
      'LANG',
      'LISTEN_ON',
      'NODE_PATH',
      'PATH',
      'PORT',
      'TMPDIR',
    ]);
    expect(environment).toMatchObject({
      NODE_PATH: '/state/0pt/nodejs/node_modules',
      PORT: '31234',
      LISTEN_ON: '31234',
      FC_SERVER_PORT: '31234',
    });
  });

  test('holds the temporary key of the role of the function', () => {
    const credentials = { accessKeyId: 'STS.1', accessKeySecret: 'secret', securityToken: 'token' };
    expect(launchOf({ ...plan, credentials }, 'c-1', 31_234, home).environment).toMatchObject({
      ALIBABA_CLOUD_ACCESS_KEY_ID: 'STS.1',
      ALIBABA_CLOUD_ACCESS_KEY_SECRET: 'secret',
      ALIBABA_CLOUD_SECURITY_TOKEN: 'token',
    });
  });
});
