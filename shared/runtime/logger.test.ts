import { expect, test } from 'vitest';
import { AppError } from '../kernel/app-error.ts';
import { describeError } from '../kernel/describe-error.ts';
import { createLog, maskSecrets } from './logger.ts';

function recorded() {
  const lines: string[] = [];
  return { lines, log: createLog({ function: 'api' }, (line) => void lines.push(line)) };
}

test('a call writes one line of JSON with the fields of the log and of the logs it was derived from', () => {
  const { lines, log } = recorded();
  log.with({ requestId: 'r-1' }).warn('something odd', { count: 2 });
  expect(lines).toHaveLength(1);
  expect(lines[0]).toMatch(/^[^\n]*\n$/);
  expect(JSON.parse(lines[0] ?? '')).toEqual({
    time: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
    level: 'warn',
    function: 'api',
    requestId: 'r-1',
    message: 'something odd',
    count: 2,
  });
});

test('text with line breaks and control characters stays on its line', () => {
  const { lines, log } = recorded();
  const hostile = 'one\r\n{"level":"error","message":"forged"}\u001b[31m\u0000';
  log.info(hostile, { path: hostile });
  expect(lines.join('').split('\n')).toHaveLength(2);
  expect(lines.join('')).not.toContain('\u001b');
  expect(JSON.parse(lines[0] ?? '')).toMatchObject({ level: 'info', message: hostile, path: hostile });
});

const CANARY = 'canary0123456789abcdefghijklmnop';
test.each([
  ['an API token', `mb_live_${CANARY}`],
  ["a runner's token", `told mb_cb_${CANARY} to`],
  ["an uploader's token", `mb_pub_${CANARY}`],
  ["a build's ticket", `{"ticket":"mb_tkt_${CANARY}"}`],
  ['a GitHub token', `gho_${CANARY}`],
  ["a GitHub app's token", `ghs_${CANARY}`],
  ['a fine-grained GitHub token', `github_pat_11${CANARY}`],
  ['an Authorization header', `authorization: Bearer ${CANARY}`],
  ['an Authorization header of another scheme', `Authorization: token ${CANARY}`],
  ['a database URL', `postgres://miaobu:${CANARY}@db.example:5432/miaobu`],
  ['a clone URL', `https://x-access-token:${CANARY}@github.com/you/site.git`],
  ['a presigned URL', `https://bucket.example/key?x-oss-signature=${CANARY}&x-oss-expires=900`],
  ['a presigned URL with a session', `https://bucket.example/key?security-token=${CANARY}`],
])('%s never reaches a log line, neither in a message nor in a field nor in an error', (_, secret) => {
  const { lines, log } = recorded();
  log.error(`message ${secret}`, {
    nested: { deep: [secret] },
    ...describeError(new AppError('vendor_rejected', { message: secret, cause: new Error(secret) })),
  });
  expect(lines.join('')).not.toContain(CANARY);
  expect(lines.join('')).toContain('***');
  expect(() => JSON.parse(lines.join(''))).not.toThrow();
});

test('what is not a secret is not masked', () => {
  const text = 'GET https://api.github.com/repos/you/site took 3 ms; token bucket is full; 12:30@home';
  expect(maskSecrets(text)).toBe(text);
});

test('an error is described with its code, its stack and its causes, three deep', () => {
  const root = Object.assign(new Error('connect refused'), { code: 'ECONNREFUSED' });
  const described = describeError(new AppError('database_unavailable', { cause: root }));
  expect(described).toMatchObject({
    error: 'database_unavailable',
    code: 'database_unavailable',
    stack: expect.stringContaining('logger.test.ts'),
    cause: { error: 'connect refused', code: 'ECONNREFUSED' },
  });
  const circular = new Error('around');
  circular.cause = circular;
  expect(JSON.stringify(describeError(circular)).split('around')).toHaveLength(5);
  expect(describeError('a string')).toEqual({ error: 'a string' });
});
