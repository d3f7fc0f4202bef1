import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { isProcessAlive } from '../../processes/process-alive.ts';
import { type FcUnderTest, sdk, server, startFcUnderTest, until, zipOf } from './fc-under-test.ts';

let fc: FcUnderTest;
afterEach(() => fc.close());

const hello = server(`response.end(String(process.pid))`);
const isStopped = (pid: number) =>
  execFileSync('ps', ['-o', 'stat=', '-p', String(pid)], { encoding: 'utf8' }).startsWith('T');

test('an instance is frozen after its answer, so that nothing keeps running, and resumes with the next request', async () => {
  fc = await startFcUnderTest();
  const clock = `
    let last = Date.now();
    let longest = 0;
    setInterval(() => { longest = Math.max(longest, Date.now() - last); last = Date.now(); }, 1);
  `;
  await fc.createFunction('counting', server(`response.end(JSON.stringify({ pid: process.pid, longest }))`, clock));
  const { pid } = JSON.parse((await fc.invoke('counting')).body);
  await until(() => isStopped(pid));
  const frozenAt = Date.now();
  await until(() => Date.now() - frozenAt >= 200);
  // The first timer after waking sees how long it did not run; it may fire after the answer was begun.
  await fc.invoke('counting');
  const woken = JSON.parse((await fc.invoke('counting')).body);
  expect(woken.pid).toBe(pid);
  expect(woken.longest).toBeGreaterThanOrEqual(200);
});

test('what an instance started is frozen and ended with it', async () => {
  fc = await startFcUnderTest();
  const parent = `
    const child = require('node:child_process').spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)']);
  `;
  await fc.createFunction('parent', server(`response.end(JSON.stringify({ child: child.pid }))`, parent));
  const { child } = JSON.parse((await fc.invoke('parent')).body);
  await until(() => isStopped(child));
  await fc.emulator.close();
  expect(isProcessAlive(child)).toBe(false);
  await fc.restart();
});

test('an idle instance gets pre-stop, then SIGTERM, and its folder is deleted with it', async () => {
  fc = await startFcUnderTest({ idleSeconds: 0.05, endGraceMs: 60_000 });
  await fc.createFunction(
    'idle',
    server(
      `console.log(request.method, request.url, request.headers['x-fc-control-path']); response.end(process.env.HOME)`,
      `process.on('SIGTERM', () => { console.log('SIGTERM'); process.exit(); });`,
    ),
    { instanceLifecycleConfig: { preStop: { handler: 'index.stop', timeout: 60 } } },
  );
  const home = (await fc.invoke('idle')).body;
  await until(() => fc.watched.size === 0 && fc.lines.length >= 3);
  expect(fc.lines.map(({ line }) => line)).toEqual(['POST /invoke /invoke', 'GET /pre-stop /pre-stop', 'SIGTERM']);
  expect(existsSync(home)).toBe(false);
});

test('an instance that ignores SIGTERM is killed', async () => {
  fc = await startFcUnderTest({ idleSeconds: 0.05, endGraceMs: 500 });
  await fc.createFunction('stubborn', server('response.end()', `process.on('SIGTERM', () => {});`));
  await fc.invoke('stubborn');
  await until(() => fc.watched.size === 0);
});

test('an update serves new requests at once, and lets the old instance finish its requests', async () => {
  fc = await startFcUnderTest();
  const release = path.join(fc.stateDirectory, 'release');
  await fc.createFunction(
    'site',
    server(`
      response.write('old');
      const timer = setInterval(() => {
        if (!require('node:fs').existsSync(${JSON.stringify(release)})) return;
        clearInterval(timer);
        response.end(' and done');
      }, 5);
    `),
    { timeout: 60, instanceConcurrency: 10 },
  );
  await fc.route('site.example.com', [{ path: '/*', functionName: 'site' }]);
  const answer = await fc.open('http://site.example.com/');
  const chunks = answer.setEncoding('utf8')[Symbol.asyncIterator]();
  expect((await chunks.next()).value).toBe('old');
  const [oldPid] = fc.watched;
  await fc.client.updateFunction(
    'site',
    new sdk.UpdateFunctionRequest({
      body: new sdk.UpdateFunctionInput({
        code: new sdk.InputCodeLocation({ zipFile: zipOf({ 'index.js': server(`response.end('new')`) }) }),
      }),
    }),
  );
  expect((await fc.fetch('http://site.example.com/')).body).toBe('new');
  writeFileSync(release, '');
  expect((await chunks.next()).value).toBe(' and done');
  await until(() => !fc.watched.has(oldPid ?? 0));
});

test('changed variables reach the next request', async () => {
  fc = await startFcUnderTest();
  await fc.createFunction('configured', server(`response.end(process.env.COLOUR)`), {
    environmentVariables: { COLOUR: 'red' },
  });
  expect((await fc.invoke('configured')).body).toBe('red');
  await fc.client.updateFunction(
    'configured',
    new sdk.UpdateFunctionRequest({ body: new sdk.UpdateFunctionInput({ environmentVariables: { COLOUR: 'blue' } }) }),
  );
  expect((await fc.invoke('configured')).body).toBe('blue');
});

test('a deleted function is gone with its instances', async () => {
  fc = await startFcUnderTest();
  await fc.createFunction('gone', hello);
  await fc.invoke('gone');
  await fc.client.deleteFunction('gone');
  await until(() => fc.watched.size === 0);
  await expect(fc.invoke('gone')).rejects.toMatchObject({ code: 'FunctionNotFound' });
});

test('closing ends every instance, frozen, busy and starting ones', async () => {
  fc = await startFcUnderTest({ endGraceMs: 200 });
  await fc.createFunction('frozen', hello);
  await fc.createFunction('busy', server(''), { timeout: 60 });
  await fc.createFunction('starting', 'setInterval(() => {}, 1000)');
  const frozen = Number((await fc.invoke('frozen')).body);
  await until(() => isStopped(frozen));
  const broken = Promise.allSettled([fc.invoke('busy'), fc.invoke('starting')]);
  const pids = await until(() => fc.watched.size === 3 && [...fc.watched]);
  await fc.emulator.close();
  await broken;
  expect(pids.filter(isProcessAlive)).toEqual([]);
  expect(fc.watched.size).toBe(0);
  await fc.restart();
});

test('after a restart with the same state everything is served as before', async () => {
  fc = await startFcUnderTest();
  await fc.createFunction('lasting', hello);
  const url = await fc.createHttpTrigger('lasting');
  await fc.route('lasting.example.com', [{ path: '/*', functionName: 'lasting' }]);
  const before = (await fc.fetch(url)).body;
  await fc.restart();
  const after = (await fc.fetch(url)).body;
  expect(after).toMatch(/^\d+$/);
  expect(after).not.toBe(before);
  expect((await fc.fetch('http://lasting.example.com/')).body).toBe(after);
});

test('the same code is unpacked once, and code that no function uses is removed at the next start', async () => {
  fc = await startFcUnderTest();
  const packages = () => readdirSync(path.join(fc.stateDirectory, 'code'));
  await fc.createFunction('one', hello);
  await fc.createFunction('two', hello);
  expect(packages()).toHaveLength(1);
  await fc.createFunction('three', server(`response.end('three')`));
  expect(packages()).toHaveLength(2);
  await fc.client.deleteFunction('three');
  await fc.restart();
  expect(packages()).toHaveLength(1);
  expect((await fc.invoke('two')).body).toMatch(/^\d+$/);
});

test('the lines of a function are kept in a file', async () => {
  const stateDirectory = mkdtempSync(path.join(tmpdir(), 'fc-'));
  fc = await startFcUnderTest({ stateDirectory });
  await fc.createFunction('noted', server(`console.log('noted'); response.end()`));
  await fc.invoke('noted');
  await until(() => fc.lines.length === 1);
  await fc.emulator.close();
  expect(readFileSync(path.join(stateDirectory, 'logs', 'noted.log'), 'utf8')).toMatch(/ c-\S+ stdout noted\n$/);
  await fc.restart();
  rmSync(path.join(stateDirectory, 'logs'), { recursive: true });
});
