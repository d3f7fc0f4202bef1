import { sha256Hex } from '@miaobu/shared/kernel/hmac';
import { expect, test } from 'vitest';
import { migrateEvent } from './migrate-event.ts';

const apiToken = { name: 'cli', prefix: 'mb_live_abcd', sha256: sha256Hex('a token') };
const operator = { github_id: 583231, github_login: 'operator', api_token: apiToken };

test('a release may ask for the schema alone, or name the operator and secrets too', () => {
  const events = [
    {},
    { request_id: 'r' },
    { after_stop: true },
    { operator },
    { operator, secrets: { 'github-actions-token': 'ghp_x', 'github-client-secret': 'x' } },
    { sign_in: { users: ['you'], organisations: ['example-org'] } },
    { sign_in: { users: ['you'] } },
  ];
  for (const event of events) expect(migrateEvent.parse(event)).toEqual(event);
});

test.each([
  ['an unknown secret', { secrets: { 'github-actions-tokn': 'x' } }],
  ['an empty secret', { secrets: { 'github-actions-token': '' } }],
  [
    'a token in the place of its hash',
    { operator: { ...operator, api_token: { ...apiToken, sha256: 'mb_live_abcd' } } },
  ],
  ['a sign-in rule that is no name', { sign_in: { users: ['not a name'] } }],
  ['a sign-in rule of an unknown kind', { sign_in: { teams: ['x'] } }],
  ['an operator without an id', { operator: { github_login: 'operator' } }],
  ['a field too many', { operator, drop: true }],
])('an event with %s is refused', (_, wrong) => {
  expect(migrateEvent.safeParse(wrong).success).toBe(false);
});
