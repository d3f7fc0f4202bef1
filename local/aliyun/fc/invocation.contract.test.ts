import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { isProcessAlive } from '../../processes/process-alive.ts';
import { type FcUnderTest, NODE_LAYER, sdk, server, startFcUnderTest, until, zipOf } from './fc-under-test.ts';

let fc: FcUnderTest;
beforeAll(async () => {
  fc = await startFcUnderTest();
});
afterAll(() => fc.close());

const describeRequest = `JSON.stringify({ method: request.method, url: request.url, headers: request.headers, body })`;

describe('an event', () => {
  test('reaches the function as POST /invoke with the headers of FC, and the answer comes back', async () => {
    await fc.createFunction('echo', server(`response.end(${describeRequest})`));
    const { body, headers } = await fc.invoke('echo', '{"a":1}');
    expect(JSON.parse(body)).toMatchObject({
      method: 'POST',
      url: '/invoke',
      body: '{"a":1}',
      headers: {
        'x-fc-control-path': '/invoke',
        'x-fc-request-id': headers['x-fc-request-id'],
        'x-fc-function-name': 'echo',
        'x-fc-region': 'cn-hangzhou',
        'x-fc-account-id': fc.account.accountId,
        'x-fc-retry-count': '0',
      },
    });
    expect(headers['x-fc-error-type']).toBeUndefined();
  });

  test.each([
    ['says x-fc-status 404', `response.setHeader('x-fc-status', '404'); response.end('{"errorMessage":"no"}')`],
    ['answers with 500', `response.statusCode = 500; response.end('{"errorMessage":"no"}')`],
  ])('that fails, because the function %s, is an HTTP 200 with an error type', async (why, handle) => {
    const name = why.replace(/\W/g, '_');
    await fc.createFunction(name, server(handle));
    const { body, headers } = await fc.invoke(name);
    expect(headers['x-fc-error-type']).toBe('UnhandledInvocationError');
    expect(JSON.parse(body)).toEqual({ errorMessage: 'no' });
  });

  test('whose process dies is a function error, and the next event gets a new process', async () => {
    await fc.createFunction('mortal', server(`if (body === 'die') process.exit(1); response.end(String(process.pid))`));
    const { body: before } = await fc.invoke('mortal');
    const { body, headers } = await fc.invoke('mortal', 'die');
    expect(headers['x-fc-error-type']).toBe('UnhandledInvocationError');
    expect(JSON.parse(body).errorMessage).toMatch(/exited unexpectedly/);
    const { body: after } = await fc.invoke('mortal');
    expect(Number(after)).toBeGreaterThan(0);
    expect(after).not.toBe(before);
  });

  test('that takes longer than the timeout is a function error, and its process is destroyed', async () => {
    await fc.createFunction('slow', server(`console.log(process.pid)`), { timeout: 1 });
    const { body, headers } = await fc.invoke('slow');
    expect(headers['x-fc-error-type']).toBe('UnhandledInvocationError');
    expect(JSON.parse(body)).toEqual({
      errorType: 'FunctionTimedout',
      errorMessage: 'Function timed out after 1 seconds',
    });
    const pid = Number(await until(() => fc.lines.find((line) => line.function === 'slow')?.line));
    await until(() => !isProcessAlive(pid));
  });

  test('for a function that does not exist is refused', async () => {
    await expect(fc.invoke('nobody')).rejects.toMatchObject({ statusCode: 404, code: 'FunctionNotFound' });
  });
});

describe('an instance', () => {
  test('runs in its code with the environment of the function and of FC, and nothing of ours', async () => {
    const role = `acs:ram::${fc.account.accountId}:role/app`;
    process.env.SECRET_OF_THE_TEST = 'not for functions';
    try {
      await fc.createFunction(
        'environment',
        server(`response.end(JSON.stringify({ ...process.env, cwd: process.cwd() }))`),
        {
          role,
          environmentVariables: { OWN: 'yes', DATA: '/opt/data:/code/data' },
        },
      );
      const environment = JSON.parse((await fc.invoke('environment')).body);
      const { accessKeyId, accessKeySecret, securityToken } = fc.account.roleCredentials(role);
      expect(environment).toMatchObject({
        OWN: 'yes',
        FC_FUNCTION_NAME: 'environment',
        FC_REGION: 'cn-hangzhou',
        FC_ACCOUNT_ID: fc.account.accountId,
        FC_FUNCTION_MEMORY_SIZE: '512',
        FC_INSTANCE_ID: expect.stringMatching(/^c-/),
        ALIBABA_CLOUD_ACCESS_KEY_ID: accessKeyId,
        ALIBABA_CLOUD_ACCESS_KEY_SECRET: accessKeySecret,
        ALIBABA_CLOUD_SECURITY_TOKEN: securityToken,
      });
      expect(environment.SECRET_OF_THE_TEST).toBeUndefined();
      expect(environment.DATA).toBe(`${environment.DATA.split(':')[0]}:${environment.cwd}/data`);
      expect(environment.cwd.startsWith(fc.stateDirectory)).toBe(true);
      expect(environment.HOME).not.toBe(process.env.HOME);
      expect(environment.TMPDIR.startsWith(environment.HOME)).toBe(true);
    } finally {
      delete process.env.SECRET_OF_THE_TEST;
    }
  });

  test('finds its layers under /opt, the first one winning, and Node 22 as the official layer puts it', async () => {
    const publish = async (name: string, files: Record<string, string>) => {
      const code = new sdk.InputCodeLocation({ zipFile: zipOf(files) });
      const { body } = await fc.client.createLayerVersion(
        name,
        new sdk.CreateLayerVersionRequest({ body: new sdk.CreateLayerVersionInput({ code }) }),
      );
      return body?.layerVersionArn;
    };
    const own = await publish('own', {
      'nodejs/node_modules/which.js': `module.exports = 'own ' + require('dependency')`,
    });
    const other = await publish('other', {
      'nodejs/node_modules/which.js': `module.exports = 'other'`,
      'nodejs/node_modules/dependency.js': `module.exports = 'with other'`,
    });
    await fc.createFunction('layered', server(`response.end(require('which') + ' ' + process.version)`), {
      layers: [own, other, NODE_LAYER],
      environmentVariables: { NODE_PATH: '/opt/nodejs/node_modules' },
    });
    expect((await fc.invoke('layered')).body).toBe(`own with other ${process.version}`);
  });

  test('is started by /code/bootstrap where no command is given', async () => {
    await fc.createFunction('booted', '', {
      customRuntimeConfig: undefined,
      environmentVariables: { NODE: '/opt/nodejs22/bin/node' },
      code: {
        zipFile: zipOf({
          '!bootstrap': '#!/bin/sh\nexec "$NODE" server.js\n',
          'server.js': server(`response.end('booted')`),
        }),
      },
    });
    expect((await fc.invoke('booted')).body).toBe('booted');
  });

  test('listens on another port than the configured one, which commands may name', async () => {
    await fc.createFunction('ported', server(`response.end(process.argv[2])`), {
      customRuntimeConfig: { command: ['/opt/nodejs22/bin/node', 'index.js', '--port=8080'], port: 8080 },
    });
    expect((await fc.invoke('ported')).body).toMatch(/^--port=(?!8080$)\d+$/);
  });

  test('is initialized once before its first request', async () => {
    await fc.createFunction(
      'initialized',
      server(`calls.push(request.method + ' ' + request.url); response.end(calls.join())`, 'const calls = [];'),
      { instanceLifecycleConfig: { initializer: { handler: 'index.initialize', timeout: 60 } } },
    );
    expect((await fc.invoke('initialized')).body).toBe('POST /initialize,POST /invoke');
    expect((await fc.invoke('initialized')).body).toBe('POST /initialize,POST /invoke,POST /invoke');
  });

  test('whose process exits is a failed start, with what it wrote last', async () => {
    await fc.createFunction('exiting', `console.log('the last words'); process.exit(3)`);
    await expect(fc.invoke('exiting')).rejects.toMatchObject({
      statusCode: 412,
      code: 'CAExited',
      message: expect.stringMatching(/code 3.*the last words/s),
    });
  });

  test('that never listens is a failed start, with what it wrote last', async () => {
    const impatient = await startFcUnderTest({ startTimeoutMs: 1000 });
    try {
      // A shell writes at once, however busy the machine is.
      const customRuntimeConfig = { command: ['/bin/sh', '-c', 'echo waiting; exec sleep 600'] };
      await impatient.createFunction('deaf', '', { customRuntimeConfig });
      await expect(impatient.invoke('deaf')).rejects.toMatchObject({
        statusCode: 412,
        code: 'FunctionNotStarted',
        message: expect.stringMatching(/did not listen.*waiting/s),
      });
    } finally {
      await impatient.close();
    }
  });

  test('whose command does not exist is a failed start', async () => {
    await fc.createFunction('commandless', '', { customRuntimeConfig: { command: ['/code/none'] } });
    await expect(fc.invoke('commandless')).rejects.toMatchObject({ statusCode: 412, code: 'CAFileNotFound' });
  });

  test('whose initializer fails is a failed start', async () => {
    await fc.createFunction('uninitialized', server(`response.statusCode = 404; response.end()`), {
      instanceLifecycleConfig: { initializer: { handler: 'x', timeout: 60 } },
    });
    await expect(fc.invoke('uninitialized')).rejects.toMatchObject({
      statusCode: 412,
      message: expect.stringMatching(/Initializer.*404/s),
    });
  });

  test.runIf(process.platform === 'linux')('that listens on 127.0.0.1 only is not found, as on FC', async () => {
    await fc.createFunction('inward', server('response.end()').replace('0.0.0.0', '127.0.0.1'));
    await expect(fc.invoke('inward')).rejects.toMatchObject({
      statusCode: 412,
      code: 'FunctionNotStarted',
      message: expect.stringMatching(/127\.0\.0\.1 only/),
    });
  });

  test('has every line it writes in the log of its function', async () => {
    await fc.createFunction(
      'talking',
      server(`console.log('out ' + body); console.error('err ' + body); response.end()`),
    );
    await fc.invoke('talking', 'one');
    const own = () => fc.lines.filter((line) => line.function === 'talking');
    await until(() => own().length === 2);
    expect(own()).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ stream: 'stdout', line: 'out one', instance: expect.stringMatching(/^c-/) }),
        expect.objectContaining({ stream: 'stderr', line: 'err one' }),
      ]),
    );
  });
});
