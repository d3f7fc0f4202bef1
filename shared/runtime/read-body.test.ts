import { expect, test } from 'vitest';
import { readBytes, readJson } from './web-function.ts';

const post = (body: BodyInit | null, headers: Record<string, string> = {}) =>
  new Request('http://127.0.0.1/', {
    method: 'POST',
    body,
    headers,
    ...(body instanceof ReadableStream ? { duplex: 'half' } : {}),
  });

test('a body is read whole, up to its limit and not a byte further', async () => {
  expect((await readBytes(post('0123456789'), 10)).toString()).toBe('0123456789');
  await expect(readBytes(post('0123456789'), 9)).rejects.toMatchObject({
    code: 'payload_too_large',
    details: { limit_bytes: 9 },
  });
  expect(await readBytes(post(null), 10)).toEqual(Buffer.alloc(0));
});

test('bytes arrive unchanged', async () => {
  const bytes = Uint8Array.from({ length: 256 }, (_, index) => index);
  expect(await readBytes(post(bytes), 256)).toEqual(Buffer.from(bytes));
});

test('a body that does not arrive in time is given up', async () => {
  let cancelled = false;
  const stalled = new ReadableStream({
    start: (controller) => controller.enqueue(new Uint8Array(1)),
    cancel: () => {
      cancelled = true;
    },
  });
  await expect(readBytes(post(stalled), 10, 20)).rejects.toMatchObject({ code: 'request_timeout' });
  expect(cancelled).toBe(true);
});

test('JSON is read only with a JSON content type', async () => {
  const json = { 'content-type': 'application/json' };
  expect(await readJson(post('{"a":"秒部"}', json), 100)).toEqual({ a: '秒部' });
  expect(await readJson(post('1', { 'content-type': 'APPLICATION/JSON;charset=utf-8' }), 100)).toBe(1);
  await expect(readJson(post('{', json), 100)).rejects.toMatchObject({ code: 'invalid_json' });
  await expect(readJson(post('{}', { 'content-type': 'text/plain' }), 100)).rejects.toMatchObject({
    code: 'unsupported_media_type',
  });
});
