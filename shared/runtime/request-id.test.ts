import { expect, test } from 'vitest';
import { requestIdFrom } from './request-id.ts';

test('the first id that is safe in a log line is used', () => {
  expect(requestIdFrom(undefined, null, '', 'from-the-caller', 'later')).toBe('from-the-caller');
  expect(requestIdFrom('1-65f3a-ab=:._', 'later')).toBe('1-65f3a-ab=:._');
});

test.each(['a b', 'a\nb', 'é', '"', 'x'.repeat(129), '../..'])('the id %j is skipped', (id) => {
  expect(requestIdFrom(id, 'fallback')).toBe('fallback');
  expect(requestIdFrom(id)).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
});
