import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createAccount } from '../account.ts';
import { crc64Ecma } from '../oss/crc64-ecma.ts';
import { createOssEmulator, type OssEmulator } from '../oss/create-oss-emulator.ts';
import { type FcUnderTest, NODE_LAYER, sdk, server, startFcUnderTest, zipOf } from './fc-under-test.ts';

let fc: FcUnderTest;
let oss: OssEmulator;
let ossDirectory: string;
beforeAll(async () => {
  const account = createAccount('control plane');
  ossDirectory = mkdtempSync(path.join(tmpdir(), 'fc-oss-'));
  oss = createOssEmulator({ account, stateDirectory: ossDirectory, region: account.region });
  oss.putBucket('packages');
  fc = await startFcUnderTest({ account, oss });
});
afterAll(async () => {
  await fc.close();
  await oss.close();
  rmSync(ossDirectory, { recursive: true, force: true });
});

const invalid = (message: RegExp) => ({
  statusCode: 400,
  code: 'InvalidArgument',
  message: expect.stringMatching(message),
});
const hello = server(`response.end('hello')`);
const layer = (files: Record<string, string>) =>
  new sdk.CreateLayerVersionRequest({
    body: new sdk.CreateLayerVersionInput({
      compatibleRuntime: ['custom.debian11'],
      code: new sdk.InputCodeLocation({ zipFile: zipOf(files) }),
    }),
  });

describe('functions', () => {
  test('a function is described as it was configured, with the defaults of FC', async () => {
    await fc.createFunction('described', hello, { environmentVariables: { A: '1' }, timeout: 60 });
    const { body } = await fc.client.getFunction('described', new sdk.GetFunctionRequest({}));
    expect(body?.toMap()).toMatchObject({
      functionName: 'described',
      functionArn: `acs:fc:cn-hangzhou:${fc.account.accountId}:functions/described`,
      runtime: 'custom.debian11',
      timeout: 60,
      memorySize: 512,
      cpu: 0.35,
      diskSize: 512,
      instanceConcurrency: 1,
      environmentVariables: { A: '1' },
      layers: [{ arn: NODE_LAYER }],
      state: 'Active',
      lastUpdateStatus: 'Successful',
      createdTime: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/),
      codeChecksum: expect.stringMatching(/^\d+$/),
    });
  });

  test('a name is given once', async () => {
    await fc.createFunction('once', hello);
    await expect(fc.createFunction('once', hello)).rejects.toMatchObject({
      statusCode: 409,
      code: 'FunctionAlreadyExists',
    });
  });

  test('an update changes what it names and leaves the rest', async () => {
    await fc.createFunction('changed', hello, { timeout: 10, environmentVariables: { A: '1', B: '2' } });
    await fc.client.updateFunction(
      'changed',
      new sdk.UpdateFunctionRequest({ body: new sdk.UpdateFunctionInput({ environmentVariables: { C: '3' } }) }),
    );
    const { body } = await fc.client.getFunction('changed', new sdk.GetFunctionRequest({}));
    expect(body).toMatchObject({ timeout: 10, environmentVariables: { C: '3' } });
  });

  test('a list is by name, by prefix and by page', async () => {
    for (const name of ['list-b', 'list-c', 'list-a']) await fc.createFunction(name, hello);
    const first = await fc.client.listFunctions(new sdk.ListFunctionsRequest({ prefix: 'list-', limit: 2 }));
    expect(first.body?.functions?.map(({ functionName }) => functionName)).toEqual(['list-a', 'list-b']);
    const { nextToken = '' } = first.body ?? {};
    const second = await fc.client.listFunctions(
      new sdk.ListFunctionsRequest({ prefix: 'list-', limit: 2, nextToken }),
    );
    expect(second.body?.functions?.map(({ functionName }) => functionName)).toEqual(['list-c']);
    expect(second.body?.nextToken).toBeUndefined();
  });

  test('a function is deleted after its triggers, and then unknown', async () => {
    await fc.createFunction('deleted', hello);
    await fc.createHttpTrigger('deleted');
    await expect(fc.client.deleteFunction('deleted')).rejects.toMatchObject({ statusCode: 412 });
    await fc.client.deleteTrigger('deleted', 'http');
    await fc.client.deleteFunction('deleted');
    await expect(fc.client.getFunction('deleted', new sdk.GetFunctionRequest({}))).rejects.toMatchObject({
      statusCode: 404,
      code: 'FunctionNotFound',
    });
  });

  test('code comes from OSS, and only if its checksum is right', async () => {
    const zip = Buffer.from(zipOf({ 'index.js': hello }), 'base64');
    await oss.writeObject('packages', 'hello.zip', zip);
    const crc64 = crc64Ecma();
    crc64.update(zip);
    const from = (checksum: string) => ({
      code: { ossBucketName: 'packages', ossObjectName: 'hello.zip', checksum },
    });
    await expect(fc.createFunction('from-oss', hello, from('1'))).rejects.toMatchObject(invalid(/checksum/));
    await fc.createFunction('from-oss', hello, from(crc64.digest()));
    expect((await fc.invoke('from-oss')).body).toBe('hello');
  });

  test('code that is not in OSS is refused', async () => {
    await expect(
      fc.createFunction('no-object', hello, { code: { ossBucketName: 'packages', ossObjectName: 'none.zip' } }),
    ).rejects.toMatchObject(invalid(/none\.zip/));
  });

  test('there are no versions or aliases but LATEST', async () => {
    await fc.createFunction('latest', hello);
    const get = (qualifier: string) => fc.client.getFunction('latest', new sdk.GetFunctionRequest({ qualifier }));
    expect((await get('LATEST')).body?.functionName).toBe('latest');
    await expect(get('1')).rejects.toMatchObject({ statusCode: 404, code: 'VersionNotFound' });
    await expect(get('prod')).rejects.toMatchObject({ statusCode: 404, code: 'AliasNotFound' });
  });
});

describe('limits', () => {
  test.each<[string, string, Record<string, unknown>, RegExp]>([
    ['a name that begins with a digit', '1st', {}, /functionName/],
    ['a name of 65 letters', 'a'.repeat(65), {}, /functionName/],
    ['memory off the steps of 64 MB', 'f', { memorySize: 500 }, /memorySize/],
    ['memory below 128 MB', 'f', { memorySize: 64 }, /memorySize/],
    ['a cpu off the steps of 0.05', 'f', { cpu: 0.33, memorySize: 512 }, /cpu/],
    ['more than 4 GB for a vCPU', 'f', { cpu: 0.1, memorySize: 512 }, /ratio/],
    ['less than 1 GB for a vCPU', 'f', { cpu: 1, memorySize: 512 }, /ratio/],
    ['a timeout of no seconds', 'f', { timeout: 0 }, /timeout/],
    ['a timeout of more than a day', 'f', { timeout: 86_401 }, /timeout/],
    ['a disk of another size', 'f', { diskSize: 1024 }, /diskSize/],
    ['more than 200 requests an instance', 'f', { instanceConcurrency: 201 }, /instanceConcurrency/],
    ['more than 4 KB of variables', 'f', { environmentVariables: { A: 'x'.repeat(4096) } }, /4096/],
    ['a reserved variable', 'f', { environmentVariables: { FC_REGION: 'x' } }, /FC_REGION.*reserved/],
    ['a variable that is no name', 'f', { environmentVariables: { '1A': 'x' } }, /1A/],
    ['six layers', 'f', { layers: Array(6).fill(NODE_LAYER) }, /at most 5/],
    ['a built-in runtime', 'f', { runtime: 'nodejs20' }, /nodejs20.*custom runtimes only/],
    ['code that is no zip', 'f', { code: { zipFile: Buffer.from('no').toString('base64') } }, /not a valid zip/],
  ])('%s is refused', async (_, functionName, settings, message) => {
    await expect(fc.createFunction(functionName, hello, settings)).rejects.toMatchObject(invalid(message));
  });

  test.each([
    `acs:fc:cn-hangzhou:1000000000000001:layers/none/versions/1`,
    'acs:fc:cn-hangzhou:official:layers/Nodejs99/versions/1',
  ])('the layer %s, which does not exist, is refused', async (arn) => {
    await expect(fc.createFunction('f', hello, { layers: [arn] })).rejects.toMatchObject({
      statusCode: 404,
      code: 'LayerVersionNotFound',
    });
  });

  test('an update is subject to the same limits', async () => {
    await fc.createFunction('limited', hello);
    const update = fc.client.updateFunction(
      'limited',
      new sdk.UpdateFunctionRequest({ body: new sdk.UpdateFunctionInput({ memorySize: 100 }) }),
    );
    await expect(update).rejects.toMatchObject(invalid(/memorySize/));
  });
});

describe('layers', () => {
  test('versions are numbered, described and listed, the newest first', async () => {
    const first = await fc.client.createLayerVersion('numbered', layer({ a: '1' }));
    const second = await fc.client.createLayerVersion('numbered', layer({ a: '2' }));
    expect([first.body?.version, second.body?.version]).toEqual([1, 2]);
    const arn = `acs:fc:cn-hangzhou:${fc.account.accountId}:layers/numbered/versions/2`;
    expect(second.body).toMatchObject({ layerName: 'numbered', layerVersionArn: arn });
    expect((await fc.client.getLayerVersionByArn(arn)).body).toMatchObject({ version: 2 });
    expect((await fc.client.getLayerVersion('numbered', '1')).body).toMatchObject({ version: 1 });
    const { body } = await fc.client.listLayerVersions('numbered', new sdk.ListLayerVersionsRequest({ limit: 1 }));
    expect(body?.layers?.map(({ version }) => version)).toEqual([2]);
    expect(body?.nextVersion).toBe(1);
  });

  test('a version that does not exist is not found', async () => {
    await expect(fc.client.getLayerVersion('numbered', '9')).rejects.toMatchObject({ code: 'LayerVersionNotFound' });
  });
});

describe('triggers', () => {
  beforeAll(() => fc.createFunction('web', hello));

  test('an HTTP trigger has a URL that can only be read from it', async () => {
    const url = await fc.createHttpTrigger('web');
    expect(url).toMatch(/^http:\/\/web-[a-z]{10}\.fcapp\.localhost:\d+$/);
    expect(fc.emulator.functionUrl('web')).toBe(url);
    const { body } = await fc.client.getTrigger('web', 'http');
    expect(body).toMatchObject({ triggerType: 'http', httpTrigger: { urlInternet: url } });
    expect(JSON.parse(body?.triggerConfig ?? '')).toMatchObject({ authType: 'anonymous' });
  });

  test('a function has one HTTP trigger', async () => {
    const second = fc.client.createTrigger(
      'web',
      new sdk.CreateTriggerRequest({
        body: new sdk.CreateTriggerInput({
          triggerName: 'second',
          triggerType: 'http',
          triggerConfig: '{"authType":"anonymous","methods":["GET"]}',
        }),
      }),
    );
    await expect(second).rejects.toMatchObject(invalid(/already/));
    await expect(fc.createHttpTrigger('web')).rejects.toMatchObject({ statusCode: 409, code: 'TriggerAlreadyExists' });
  });

  test('a function that the public can call accepts no events, and the other way round', async () => {
    const timer = { cronExpression: '@every 1m', enable: false };
    await expect(fc.createTimer('web', 'timer', timer)).rejects.toMatchObject(invalid(/HTTP trigger/));
    await fc.createFunction('ticking', hello);
    await fc.createTimer('ticking', 'timer', timer);
    await fc.createTimer('ticking', 'another', timer);
    await expect(fc.createHttpTrigger('ticking')).rejects.toMatchObject(invalid(/HTTP trigger/));
    const { body } = await fc.client.listTriggers('ticking', new sdk.ListTriggersRequest({}));
    expect(body?.triggers?.map(({ triggerName }) => triggerName)).toEqual(['another', 'timer']);
  });

  test.each<[string, Record<string, unknown>, RegExp]>([
    ['a timer that would never fire', { cronExpression: 'now and then' }, /cronExpression/],
    ['a timer without an expression', {}, /cronExpression/],
  ])('%s is refused', async (_, config, message) => {
    await fc.createFunction('timed', hello).catch(() => {});
    await expect(fc.createTimer('timed', 'timer', config)).rejects.toMatchObject(invalid(message));
  });

  test('an HTTP trigger that forgets to say who may call is refused, not open', async () => {
    await fc.createFunction('forgotten', hello);
    await expect(fc.createHttpTrigger('forgotten', { authType: undefined })).rejects.toMatchObject(
      invalid(/authType 'function'/),
    );
  });

  test('a configuration that is not a JSON string is refused', async () => {
    const trigger = fc.client.createTrigger(
      'ticking',
      new sdk.CreateTriggerRequest({
        body: new sdk.CreateTriggerInput({ triggerName: 'x', triggerType: 'timer', triggerConfig: '{' }),
      }),
    );
    await expect(trigger).rejects.toMatchObject(invalid(/JSON/));
  });
});

describe('custom domains', () => {
  test('a domain is created, read, changed and deleted', async () => {
    await fc.createFunction('site', hello);
    await fc.route('site.example.com', [{ path: '/*', functionName: 'site' }]);
    await expect(fc.route('site.example.com', [])).rejects.toMatchObject({
      statusCode: 409,
      code: 'DomainNameAlreadyExists',
    });
    await fc.client.updateCustomDomain(
      'site.example.com',
      new sdk.UpdateCustomDomainRequest({
        body: new sdk.UpdateCustomDomainInput({
          routeConfig: new sdk.RouteConfig({ routes: [new sdk.PathConfig({ path: '/a', functionName: 'site' })] }),
        }),
      }),
    );
    const { body } = await fc.client.getCustomDomain('site.example.com');
    expect(body).toMatchObject({ domainName: 'site.example.com', protocol: 'HTTP' });
    expect(body?.routeConfig?.routes).toMatchObject([{ path: '/a', functionName: 'site', qualifier: 'LATEST' }]);
    await fc.client.deleteCustomDomain('site.example.com');
    await expect(fc.client.getCustomDomain('site.example.com')).rejects.toMatchObject({ code: 'DomainNameNotFound' });
  });

  test('a route to a function that does not exist is refused', async () => {
    await expect(fc.route('lost.example.com', [{ path: '/*', functionName: 'nobody' }])).rejects.toMatchObject({
      code: 'FunctionNotFound',
    });
  });

  test('a private key has to be PKCS#1, and is never shown', async () => {
    const create = (privateKey: string) =>
      fc.client.createCustomDomain(
        new sdk.CreateCustomDomainRequest({
          body: new sdk.CreateCustomDomainInput({
            domainName: 'tls.example.com',
            protocol: 'HTTP,HTTPS',
            certConfig: new sdk.CertConfig({
              certName: 'tls',
              certificate: '-----BEGIN CERTIFICATE-----',
              privateKey,
            }),
          }),
        }),
      );
    await expect(create('-----BEGIN PRIVATE KEY-----')).rejects.toMatchObject(invalid(/PKCS#1/));
    const { body } = await create('-----BEGIN RSA PRIVATE KEY-----');
    expect(body?.certConfig?.toMap()).toEqual({ certName: 'tls', certificate: '-----BEGIN CERTIFICATE-----' });
  });
});

test('an asynchronous configuration is put, read back and absent before', async () => {
  await fc.createFunction('configured', hello);
  const get = () => fc.client.getAsyncInvokeConfig('configured', new sdk.GetAsyncInvokeConfigRequest({}));
  await expect(get()).rejects.toMatchObject({ statusCode: 404, code: 'AsyncConfigNotExists' });
  const put = (settings: Record<string, unknown>) =>
    fc.client.putAsyncInvokeConfig(
      'configured',
      new sdk.PutAsyncInvokeConfigRequest({ body: new sdk.PutAsyncInvokeConfigInput(settings) }),
    );
  await put({ maxAsyncRetryAttempts: 1, maxAsyncEventAgeInSeconds: 60, asyncTask: true });
  expect((await get()).body).toMatchObject({
    maxAsyncRetryAttempts: 1,
    maxAsyncEventAgeInSeconds: 60,
    asyncTask: true,
  });
  await expect(put({ maxAsyncRetryAttempts: 9 })).rejects.toMatchObject(invalid(/maxAsyncRetryAttempts/));
});

test('reserved concurrency is put, read back and removed', async () => {
  await fc.createFunction('reserved', hello);
  await fc.client.putConcurrencyConfig(
    'reserved',
    new sdk.PutConcurrencyConfigRequest({ body: new sdk.PutConcurrencyInput({ reservedConcurrency: 3 }) }),
  );
  expect((await fc.client.getConcurrencyConfig('reserved')).body).toMatchObject({ reservedConcurrency: 3 });
  await fc.client.deleteConcurrencyConfig('reserved');
  await expect(fc.client.getConcurrencyConfig('reserved')).rejects.toMatchObject({ statusCode: 404 });
});

describe('the gateway', () => {
  const list = new sdk.ListFunctionsRequest({});

  test('a wrong secret is refused', async () => {
    const client = fc.clientWith(fc.account.operator.accessKeyId, 'wrong');
    await expect(client.listFunctions(list)).rejects.toMatchObject({ code: 'SignatureDoesNotMatch' });
  });

  test('an unknown key is refused', async () => {
    await expect(fc.clientWith('LTAInobody', 'x').listFunctions(list)).rejects.toMatchObject({
      code: 'InvalidAccessKeyId.NotFound',
    });
  });

  test('a request without a signature is refused, in the form of FC', async () => {
    const { status, headers, body } = await fc.fetch(`${fc.listening.url}/2023-03-30/functions`);
    expect(status).toBe(400);
    expect(JSON.parse(body)).toEqual({
      Code: 'MissingAuthorization',
      Message: expect.any(String),
      RequestId: headers['x-fc-request-id'],
    });
  });

  test('an operation that the local cloud lacks is reported as unsupported', async () => {
    await expect(fc.client.listVpcBindings('web')).rejects.toMatchObject({
      statusCode: 400,
      code: 'PathNotSupported',
    });
  });
});
