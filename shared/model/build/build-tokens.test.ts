import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { buildTokens } from './build-tokens.ts';

const rootKeys = { current: randomBytes(32).toString('base64url') };
const attempt = { deploymentId: '0190b5a2-7c4e-7d36-8f21-3a5c9e1b2d40', attempt: 1, nonce: randomBytes(16) };
const all = (tokens: ReturnType<typeof buildTokens>, of: typeof attempt, redeemer: string) => [
  tokens.ticket(of),
  tokens.report(of, redeemer),
  tokens.publish(of, redeemer),
];

test('tokens name their purpose and are 40 base62 digits', () => {
  const [ticket, report, publish] = all(buildTokens(rootKeys), attempt, 'run-1');
  expect(ticket).toMatch(/^mb_tkt_[0-9A-Za-z]{40}$/);
  expect(report).toMatch(/^mb_cb_[0-9A-Za-z]{40}$/);
  expect(publish).toMatch(/^mb_pub_[0-9A-Za-z]{40}$/);
});

test('the same attempt and redeemer get the same tokens, from any instance', () => {
  const again = { ...attempt, nonce: Buffer.from(attempt.nonce) };
  expect(all(buildTokens(rootKeys), again, 'run-1')).toEqual(all(buildTokens(rootKeys), attempt, 'run-1'));
});

test('no two purposes, attempts, deployments, nonces, redeemers or platforms share a token', () => {
  const tokens = buildTokens(rootKeys);
  const issued = [
    ...all(tokens, attempt, 'run-1'),
    ...all(tokens, attempt, 'run-2').slice(1),
    ...all(tokens, { ...attempt, attempt: 2 }, 'run-1'),
    ...all(tokens, { ...attempt, deploymentId: attempt.deploymentId.replace('40', '41') }, 'run-1'),
    ...all(tokens, { ...attempt, nonce: randomBytes(16) }, 'run-1'),
    ...all(buildTokens({ current: randomBytes(32).toString('base64url') }), attempt, 'run-1'),
  ];
  const secrets = issued.map((token) => token.replace(/^mb_[a-z]+_/, ''));
  expect(new Set(secrets).size).toBe(issued.length);
});

test('a ticket issued with the previous root key is valid while that key is configured, and no other is', () => {
  const previous = rootKeys.current;
  const ticket = buildTokens(rootKeys).ticket(attempt);
  const current = randomBytes(32).toString('base64url');
  expect(buildTokens({ current, previous }).isTicket(attempt, ticket)).toBe(true);
  expect(buildTokens({ current, previous }).ticket(attempt)).not.toBe(ticket);
  expect(buildTokens({ current }).isTicket(attempt, ticket)).toBe(false);
  expect(buildTokens({ current, previous }).isTicket({ ...attempt, attempt: 2 }, ticket)).toBe(false);
});
