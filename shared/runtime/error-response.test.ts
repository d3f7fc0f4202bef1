import { expect, test } from 'vitest';
import { errors } from '../contracts/errors.ts';
import { AppError, errorCodes } from '../kernel/app-error.ts';
import { errorAnswer } from './error-response.ts';

test.each(errorCodes)('%s is answered with the status and text of the table, and nothing of its cause', (code) => {
  const error = new AppError(code, { message: 'only for the log', cause: new Error('select secret from t') });
  const { status, body } = errorAnswer(error, 'r-1');
  expect(status).toBe(errors[code].status);
  expect(body).toEqual({ error: { code, message: errors[code].text }, request_id: 'r-1' });
});

test.each([
  new Error('select 1 failed at db.internal:5432'),
  new TypeError('x is undefined'),
  'a string',
  undefined,
  null,
])('anything else thrown (%s) is internal', (thrown) => {
  const { status, body } = errorAnswer(thrown, 'r-1');
  expect(status).toBe(500);
  expect(body).toEqual({ error: { code: 'internal', message: errors.internal.text }, request_id: 'r-1' });
});

test('details are included unchanged', () => {
  const details = { fields: [{ path: 'body.slug', problem: 'is reserved' }] };
  expect(errorAnswer(new AppError('invalid_request', { details }), 'r').body.error.details).toEqual(details);
});

test('a retryable error says when to retry', () => {
  expect(errorAnswer(new AppError('database_unavailable'), 'r').headers).toEqual({ 'retry-after': '10' });
  const asked = new AppError('code_host_throttled', { details: { retryAfterSeconds: 90 } });
  expect(errorAnswer(asked, 'r').headers).toEqual({ 'retry-after': '90' });
  expect(errorAnswer(new AppError('rate_limited'), 'r').headers).toEqual({ 'retry-after': '10' });
  const running = new AppError('idempotency_key_in_use', { details: { retryAfterSeconds: 3 } });
  expect(errorAnswer(running, 'r').headers).toEqual({ 'retry-after': '3' });
  expect(errorAnswer(new AppError('not_found'), 'r').headers).toEqual({});
});

test('an unauthenticated caller is told how to authenticate', () => {
  expect(errorAnswer(new AppError('unauthorized'), 'r').headers).toEqual({ 'www-authenticate': 'Bearer' });
});

test('a wrong method is answered with the allowed ones', () => {
  const wrong = new AppError('method_not_allowed', { details: { allowed: ['GET', 'POST'] } });
  expect(errorAnswer(wrong, 'r').headers).toEqual({ allow: 'GET, POST' });
});
