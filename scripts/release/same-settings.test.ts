import { expect, test } from 'vitest';
import { differingSettings, sameSettings } from './same-settings.ts';

test('what one leaves out and the other calls empty or off is the same', () => {
  const wanted = { nasConfig: { groupId: 0, userId: 0, mountPoints: [] }, sessionAffinity: 'NONE', role: '' };
  expect(differingSettings(wanted, {})).toEqual([]);
  expect(differingSettings(wanted, { nasConfig: { mountPoints: [], groupId: -0 }, role: null })).toEqual([]);
});

test('a setting that should be off and is on differs', () => {
  expect(differingSettings({ internetAccess: false }, { internetAccess: true })).toEqual(['internetAccess']);
  expect(differingSettings({ vpcConfig: { vpcId: '' } }, { vpcConfig: { vpcId: 'vpc-1' } })).toEqual(['vpcConfig']);
});

test('a variable that is no longer wanted differs, as one that is missing does', () => {
  expect(sameSettings({ A: '1' }, { A: '1', B: '2' })).toBe(false);
  expect(sameSettings({ A: '1', B: '2' }, { A: '1' })).toBe(false);
  expect(sameSettings({ B: '2', A: '1' }, { A: '1', B: '2' })).toBe(true);
});

test('the order of a list counts: the first layer wins', () => {
  expect(sameSettings(['a', 'b'], ['b', 'a'])).toBe(false);
  expect(sameSettings(['a'], ['a', 'b'])).toBe(false);
});

test('what only the answer has is ignored', () => {
  expect(differingSettings({ timeout: 30 }, { timeout: 30, functionId: 'x' })).toEqual([]);
});
