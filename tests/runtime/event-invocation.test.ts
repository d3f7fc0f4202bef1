import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { PATIENCE } from '../patience.ts';
import { type RunningFunction, startFunction } from './start-function.ts';

// Each starts a process first.
vi.setConfig({ hookTimeout: 60_000 });

let running: RunningFunction;
beforeEach(async () => {
  running = await startFunction('echo-event-function');
});
afterEach(async () => {
  running.child.kill('SIGKILL');
  await running.ended;
});

const INVOKE = { 'x-fc-control-path': '/invoke', 'x-fc-request-id': 'fc-1', 'x-fc-function-timeout': '30' };

async function post(path: string, body: string, headers: Record<string, string> = INVOKE) {
  const response = await fetch(`${running.origin}${path}`, { method: 'POST', body, headers });
  const text = await response.text();
  return {
    status: response.status,
    fcStatus: response.headers.get('x-fc-status'),
    body: text === '' ? undefined : (JSON.parse(text) as unknown),
  };
}

test('an invocation is answered with its result, and Function Compute is told that it went well', async () => {
  expect(await post('/invoke', '{"say":"hello","request_id":"from-the-caller"}')).toEqual({
    status: 200,
    fcStatus: '200',
    body: { said: 'hello', requestId: 'from-the-caller', timeoutSeconds: 30 },
  });
  expect(await post('/invoke', '')).toMatchObject({ body: { said: 'nothing', requestId: 'fc-1' } });
});

test('what did not come as an invocation is 404 and runs nothing', async () => {
  const { 'x-fc-control-path': _, ...withoutControlPath } = INVOKE;
  expect((await post('/invoke', '{}', withoutControlPath)).status).toBe(404);
  expect((await post('/invoke', '{}', { ...INVOKE, 'x-fc-control-path': '/http-invoke' })).status).toBe(404);
  expect((await post('/', '{}')).status).toBe(404);
  expect((await post('/invoke/', '{}')).status).toBe(404);
  expect((await fetch(`${running.origin}/invoke`, { headers: INVOKE })).status).toBe(404);
  // One that is run, after all of them: its line is the only one.
  await post('/invoke', '{}');
  const invocations = () => running.output().split('"message":"invocation"').length - 1;
  await expect.poll(invocations, PATIENCE).toBe(1);
});

test('a failure that may pass is told to Function Compute, by its code and nothing more', async () => {
  expect(await post('/invoke', '{"fail":"edge_unavailable"}')).toEqual({
    status: 500,
    fcStatus: '404',
    body: { errorType: 'edge_unavailable', errorMessage: 'edge_unavailable' },
  });
});

test('a failure that cannot pass, and an event of another form, count as done', async () => {
  expect(await post('/invoke', '{"fail":"vendor_rejected"}')).toEqual({
    status: 200,
    fcStatus: '200',
    body: { failed: 'vendor_rejected' },
  });
  expect(await post('/invoke', '{"unknown":1}')).toMatchObject({
    fcStatus: '200',
    body: { failed: 'invalid_request' },
  });
});

test('an event above a megabyte is refused', async () => {
  const answer = await post('/invoke', JSON.stringify({ say: 'x'.repeat(1024 * 1024) }));
  expect(answer).toMatchObject({ status: 500, body: { errorType: 'payload_too_large' } });
});
