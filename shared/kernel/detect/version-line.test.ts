import { expect, test } from 'vitest';
import { nodeLine, pythonLine } from './version-line.ts';

test.each([
  ['22', '22'],
  ['v20.11.1', '20'],
  ['lts/*', '24'],
  ['lts/iron', '20'],
  ['lts/Krypton', '24'],
  ['node', '24'],
  ['>=18', '24'],
  ['^20.0.0', '20'],
  ['18.x', '18'],
  ['>=18 <21', '20'],
  ['~20.1.0', '20'],
  ['<22.5', '20'],
  ['20 || 22', '22'],
  ['16', undefined],
  ['>=14 <17', undefined],
  ['soon', undefined],
])('of Node.js %j is line %s', (asked, line) => {
  expect(nodeLine(asked)).toBe(line);
});

test.each([
  ['3.11.4', '3.11'],
  ['python-3.11.4', '3.11'],
  ['cpython@3.10', '3.10'],
  ['3', '3.12'],
  ['>=3.9', '3.12'],
  ['>=3.9,<3.12', '3.11'],
  ['^3.10', '3.12'],
  ['~3.10', '3.10'],
  ['~=3.11', '3.12'],
  ['~=3.10.2', '3.10'],
  ['==3.11.*', '3.11'],
  ['>=3.8, !=3.9.0', '3.12'],
  ['>=3.13', '3.13'],
  ['2.7', undefined],
  ['>=3.14', undefined],
  ['pypy3.9', undefined],
])('of Python %j is line %s', (asked, line) => {
  expect(pythonLine(asked)).toBe(line);
});
