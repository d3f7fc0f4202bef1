import { api } from '@miaobu/shared/contracts/api';
import type { Endpoint } from '@miaobu/shared/contracts/endpoint';
import { expect, test } from 'vitest';
import { costOf } from './limit.ts';
import { limitsOf, networkOf, scaled } from './rate-limits.ts';

test('every operation of the API is limited per address, and those of users per user', () => {
  for (const endpoint of Object.values<Endpoint>(api)) {
    const limits = limitsOf(costOf(endpoint));
    expect(limits[0], endpoint.path).toBe('address');
    const second = endpoint.tag === 'auth' && !endpoint.cost ? /^address-auth$/ : /^(user|address)-/;
    expect(limits[1], endpoint.path).toMatch(second);
  }
});

test('a GET is a read, signing in has its own cost, and the rest is a write unless its contract says more', () => {
  expect(costOf({ method: 'GET', tag: 'projects' })).toBe('read');
  expect(costOf({ method: 'DELETE', tag: 'projects' })).toBe('write');
  expect(costOf({ method: 'POST', tag: 'auth' })).toBe('auth');
  expect(costOf({ method: 'POST', tag: 'projects', cost: 'expensive' })).toBe('expensive');
});

test('a limit is scaled as a whole', () => {
  expect(scaled('user-read', 2)).toEqual({ name: 'user-read', burst: 2400, perSecond: 40 });
  expect(scaled('address-refused', 0.001)).toMatchObject({ burst: 1 });
});

test.each([
  ['203.0.113.7', '203.0.113.7'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
  ['2001:0DB8:0001:0002::9', '2001:db8:1:2::/64'],
  ['2001:db8::1', '2001:db8:0:0::/64'],
  ['::1', '0:0:0:0::/64'],
  ['fe80::1%eth0', 'fe80:0:0:0::/64'],
  [undefined, 'unknown'],
])('%s counts as %s', (address, network) => {
  expect(networkOf(address)).toBe(network);
});
