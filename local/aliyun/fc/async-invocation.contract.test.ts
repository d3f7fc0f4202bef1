import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, describe, expect, test } from 'vitest';
import { isProcessAlive } from '../../processes/process-alive.ts';
import { type FcUnderTest, sdk, server, startFcUnderTest, until } from './fc-under-test.ts';

let fc: FcUnderTest;
afterEach(() => fc.close());

const written = (text: string) => fc.lines.filter(({ line }) => line.includes(text));
const configure = (functionName: string, settings: Record<string, unknown>) =>
  fc.client.putAsyncInvokeConfig(
    functionName,
    new sdk.PutAsyncInvokeConfigRequest({ body: new sdk.PutAsyncInvokeConfigInput(settings) }),
  );
/** Prints the number of its attempt, and fails before the `n`th. */
const failingUntil = (n: number) =>
  server(`
    const attempt = Number(request.headers['x-fc-retry-count']);
    console.log('attempt ' + attempt + ' of ' + request.headers['x-fc-request-id']);
    response.setHeader('x-fc-status', attempt < ${n} ? '404' : '200');
    response.end();
  `);

describe('an asynchronous event', () => {
  test('is accepted with 202 and delivered afterwards', async () => {
    fc = await startFcUnderTest();
    await fc.createFunction('later', server(`console.log('got ' + body); response.end()`));
    expect(await fc.invokeLater('later', 'it')).toBe(202);
    await until(() => written('got it').length);
  });

  test('is delivered again, as the same request, until the function succeeds', async () => {
    fc = await startFcUnderTest();
    await fc.createFunction('moody', failingUntil(2));
    await fc.invokeLater('moody');
    await until(() => written('attempt 2').length);
    const requests = new Set(written('attempt').map(({ line }) => line.split(' of ')[1]));
    expect(requests.size).toBe(1);
    await fc.restart();
    expect(written('attempt')).toHaveLength(3);
  });

  test('is given up after three repetitions, or as many as are configured', async () => {
    fc = await startFcUnderTest();
    await fc.createFunction('failing', failingUntil(100));
    await fc.createFunction('failing-once', failingUntil(100));
    await configure('failing-once', { maxAsyncRetryAttempts: 0 });
    await fc.invokeLater('failing');
    await fc.invokeLater('failing-once');
    await until(() => written('given up').length === 2);
    const attempts = (name: string) => written('attempt').filter((line) => line.function === name);
    expect([attempts('failing').length, attempts('failing-once').length]).toEqual([4, 1]);
  });

  test('is given up when it has become too old', async () => {
    let ahead = 0;
    fc = await startFcUnderTest({ now: () => Date.now() + ahead, retryBaseMs: 100 });
    await fc.createFunction('failing', failingUntil(100));
    await configure('failing', { maxAsyncEventAgeInSeconds: 60, maxAsyncRetryAttempts: 8 });
    await fc.invokeLater('failing');
    await until(() => written('attempt 0').length);
    ahead = 61_000;
    await until(() => written('older than 60 seconds').length);
  });

  test('waits without using up its attempts while the function is busy', async () => {
    fc = await startFcUnderTest({ maxInstances: 1, maxWaiting: 0 });
    await fc.createFunction(
      'narrow',
      server(`console.log('got ' + body); response.write('x'); if (body) response.end()`),
      {
        timeout: 60,
      },
    );
    await configure('narrow', { maxAsyncRetryAttempts: 0 });
    await fc.route('narrow.example.com', [{ path: '/*', functionName: 'narrow' }]);
    const held = await fc.open('http://narrow.example.com/');
    await fc.invokeLater('narrow', 'later');
    const state = new DatabaseSync(path.join(fc.stateDirectory, 'fc.sqlite'), { readOnly: true });
    await until(() => Number(state.prepare('select throttles from async_events').get()?.throttles) >= 2);
    state.close();
    held.destroy();
    await until(() => written('got later').length);
    expect(written('given up')).toEqual([]);
  });

  test('of more than 128 KB is refused', async () => {
    fc = await startFcUnderTest();
    await fc.createFunction('later', server('response.end()'));
    await expect(fc.invokeLater('later', 'x'.repeat(128 * 1024 + 1))).rejects.toMatchObject({
      statusCode: 400,
      code: 'EntityTooLarge',
    });
    expect(await fc.invokeLater('later', 'x'.repeat(128 * 1024))).toBe(202);
  });

  test('with the id of an earlier task is refused, also after a restart, if the function has tasks', async () => {
    fc = await startFcUnderTest();
    await fc.createFunction('tasks', server('response.end()'));
    await fc.createFunction('plain', server('response.end()'));
    await configure('tasks', { asyncTask: true });
    expect(await fc.invokeLater('tasks', '', 'deploy_1')).toBe(202);
    await expect(fc.invokeLater('tasks', '', 'deploy_1')).rejects.toMatchObject({ statusCode: 409 });
    expect(await fc.invokeLater('tasks', '', 'deploy_2')).toBe(202);
    await expect(fc.invokeLater('tasks', '', '2nd')).rejects.toMatchObject({ statusCode: 400 });
    expect(await fc.invokeLater('plain', '', 'deploy_1')).toBe(202);
    expect(await fc.invokeLater('plain', '', 'deploy_1')).toBe(202);
    await fc.restart();
    await expect(fc.invokeLater('tasks', '', 'deploy_1')).rejects.toMatchObject({ statusCode: 409 });
  });

  test('that was accepted survives kill -9 of the local cloud, whose functions do not', async () => {
    const directory = mkdtempSync(path.join(tmpdir(), 'fc-killed-'));
    const stateDirectory = path.join(directory, 'state');
    const program = path.join(import.meta.dirname, 'fc-process-under-test.ts');
    const cloud = spawn(process.execPath, [program, stateDirectory, path.join(directory, 'marker')], {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { PATH: process.env.PATH, NODE_NO_WARNINGS: '1' },
    });
    const [pids] = await once(cloud.stdout, 'data');
    cloud.kill('SIGKILL');
    const functions = String(pids).trim().split(' ').map(Number);
    expect(functions).toHaveLength(1);
    await until(() => !functions.some(isProcessAlive));
    fc = await startFcUnderTest({ stateDirectory });
    await until(() => written('again: the event').length);
    rmSync(directory, { recursive: true, force: true });
  });
});

describe('a timer', () => {
  test('sends its event when it is due', async () => {
    fc = await startFcUnderTest();
    await fc.createFunction('ticking', server(`console.log('tick ' + body); response.end()`));
    await fc.createTimer('ticking', 'every-second', {
      cronExpression: '* * * * * *',
      enable: true,
      payload: '{"n":1}',
    });
    const [tick] = await until(() => written('tick').length > 0 && written('tick'));
    expect(JSON.parse(tick?.line.replace('tick ', '') ?? '')).toEqual({
      triggerTime: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/),
      triggerName: 'every-second',
      payload: '{"n":1}',
    });
  });

  test('fires after a restart, and no longer once it is disabled', async () => {
    fc = await startFcUnderTest();
    const tick = `const { triggerName, triggerTime } = JSON.parse(body); console.log(triggerName + ' ' + triggerTime);`;
    await fc.createFunction('ticking', server(`${tick} response.end()`));
    const everySecond = { cronExpression: '* * * * * *', enable: true };
    await fc.createTimer('ticking', 'first', everySecond);
    await fc.createTimer('ticking', 'second', everySecond);
    await fc.restart();
    await until(() => written('first').length && written('second').length);
    await fc.client.updateTrigger(
      'ticking',
      'first',
      new sdk.UpdateTriggerRequest({
        body: new sdk.UpdateTriggerInput({ triggerConfig: JSON.stringify({ ...everySecond, enable: false }) }),
      }),
    );
    const disabledAt = Date.now();
    const laterTicks = (name: string) =>
      written(name).filter(({ line }) => Date.parse(line.split(' ')[1] ?? '') > disabledAt);
    await until(() => laterTicks('second').length >= 2);
    expect(laterTicks('first')).toEqual([]);
  });
});
