import { expect, test } from 'vitest';
import * as z from 'zod';
import { AppError } from '../kernel/app-error.ts';
import { type EventContext, eventHandler } from './event-function.ts';
import { createLog } from './logger.ts';

const schema = z.strictObject({ request_id: z.string().optional(), n: z.number().optional() });

function onion(run: (event: z.output<typeof schema>, requestId: string) => unknown = () => 'done') {
  const lines: string[] = [];
  const events: unknown[] = [];
  const handle = eventHandler({
    name: 'under-test',
    event: schema,
    async run(event, context) {
      events.push(event);
      context.log.info('running');
      return run(event, context.requestId);
    },
    close: async () => {},
  });
  const context: EventContext = {
    fcRequestId: 'fc-request',
    log: createLog({}, (line) => void lines.push(line)),
    signal: new AbortController().signal,
    timeoutSeconds: 60,
  };
  return {
    events,
    lines,
    invoke: (bytes: unknown) =>
      handle(Buffer.from(typeof bytes === 'string' ? bytes : JSON.stringify(bytes)), { ...context }),
  };
}
const timer = (payload: string) => ({ triggerTime: '2031-02-03T04:05:00Z', triggerName: 'every-minute', payload });

test('an event is parsed, and the result of the run is the result', async () => {
  const { invoke, events } = onion(({ n }) => ({ twice: (n ?? 0) * 2 }));
  expect(await invoke({ n: 21 })).toEqual({ twice: 42 });
  expect(events).toEqual([{ n: 21 }]);
});

test('an empty body is the empty event', async () => {
  const { invoke, events } = onion();
  expect(await invoke('')).toBe('done');
  expect(events).toEqual([{}]);
});

test("a timer's event is the content of its envelope", async () => {
  const { invoke, events } = onion();
  await invoke(timer('{"n":1}'));
  await invoke(timer(''));
  expect(events).toEqual([{ n: 1 }, {}]);
});

test.each([
  ['no JSON', '{', 'invalid_json'],
  ["no JSON in a timer's envelope", timer('{'), 'invalid_json'],
  ['of another form', { n: 'one' }, 'invalid_request'],
  ['with a field too many', { n: 1, more: true }, 'invalid_request'],
  ["of another form in a timer's envelope", timer('{"n":"one"}'), 'invalid_request'],
  ['null', null, 'invalid_request'],
])('an event that is %s is never run, and not retried', async (_, bytes, code) => {
  const { invoke, events, lines } = onion();
  expect(await invoke(bytes)).toEqual({ failed: code });
  expect(events).toEqual([]);
  expect(lines.map((line) => JSON.parse(line))).toMatchObject([{ level: 'error', message: 'invocation failed', code }]);
});

test('a permanent error ends in the log, and the call counts as done', async () => {
  const { invoke, lines } = onion(() => {
    throw new AppError('vendor_rejected', { message: 'they said no' });
  });
  expect(await invoke({})).toEqual({ failed: 'vendor_rejected' });
  expect(lines.join('')).toContain('they said no');
});

test.each([
  ['one that may pass', new AppError('edge_unavailable')],
  ['one that nobody foresaw', new TypeError('x is undefined')],
])('%s is thrown, so that the call is retried', async (_, error) => {
  const { invoke, lines } = onion(() => {
    throw error;
  });
  await expect(invoke({})).rejects.toBe(error);
  expect(lines.at(-1)).toContain('"message":"invocation failed"');
});

test("the request id is the event's, else Function Compute's, and is in every log line of the run", async () => {
  const ids: string[] = [];
  const { invoke, lines } = onion((_, requestId) => void ids.push(requestId));
  await invoke({ request_id: 'from-the-webhook' });
  await invoke({});
  await invoke({ request_id: 'with "quotes" in it' });
  expect(ids).toEqual(['from-the-webhook', 'fc-request', 'fc-request']);
  const running = lines.filter((line) => line.includes('"message":"running"'));
  expect(running.map((line) => (JSON.parse(line) as { requestId: string }).requestId)).toEqual(ids);
});

test('an invocation leaves one log line about itself', async () => {
  const { invoke, lines } = onion();
  await invoke({});
  expect(lines.filter((line) => line.includes('"message":"invocation"'))).toHaveLength(1);
});
