import { expect, test } from 'vitest';
import { pkceChallenge, pkceVerifier } from './pkce.ts';

test('a challenge is what RFC 7636 computes from its example', () => {
  expect(pkceChallenge('dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk')).toBe(
    'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM',
  );
});

test('a verifier has the form that RFC 7636 requires, and is new each time', () => {
  expect(pkceVerifier()).toMatch(/^[A-Za-z0-9._~-]{43,128}$/);
  expect(pkceVerifier()).not.toBe(pkceVerifier());
});
