import { expect, test } from 'vitest';
import { skipMarkerIn } from './skip-marker.ts';

test.each([
  ['[skip ci] Fix a typo', '[skip ci]'],
  ['Fix a typo [ci skip]', '[ci skip]'],
  ['Fix a typo\n\nNothing to see. [no ci]', '[no ci]'],
  ['Bump [skip actions]', '[skip actions]'],
  ['Bump [actions skip]', '[actions skip]'],
  ['Bump [skip deploy]', '[skip deploy]'],
  ['Bump [deploy skip]', '[deploy skip]'],
  ['Bump [no deploy]', '[no deploy]'],
  ['Bump [skip miaobu]', '[skip miaobu]'],
  ['Bump [miaobu skip]', '[miaobu skip]'],
  ['Bump [Skip CI]', '[skip ci]'],
  ['Bump\n\n\nskip-checks: true', 'skip-checks: true'],
  ['Bump\n\nCo-authored-by: Ada\nskip-checks:true\n', 'skip-checks:true'],
])('%j asks not to be deployed', (message, marker) => {
  expect(skipMarkerIn(message)).toBe(marker);
});

test.each([
  ['Fix a typo'],
  [''],
  ['skip ci'],
  ['[skipci]'],
  ['[skip  ci]'],
  ['(skip ci)'],
  ['[skip ci'],
  ['[skip cinema]'],
  ['skip-checks: true'],
  ['Bump\n\nskip-checks: false'],
  ['Bump\n\nskip-checks: true\nand more'],
])('%j does not', (message) => {
  expect(skipMarkerIn(message)).toBeUndefined();
});
