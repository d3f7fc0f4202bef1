import { expect, test } from 'vitest';
import { chooseNode, npmFor } from './choose-node.ts';

test.each<[string | null, number | 'own' | 'unknown']>([
  [null, 'own'],
  ['', 'own'],
  ['22', 'own'],
  ['22.x', 'own'],
  ['v22.11.0', 'own'],
  ['>=18', 'own'],
  ['^18 || ^20 || ^22', 'own'],
  ['*', 'own'],
  ['node', 'own'],
  ['lts/*', 'own'],
  ['lts/jod', 'own'],
  ['20', 20],
  ['v20.11.1', 20],
  ['20.11', 20],
  ['~20.9.0', 20],
  ['lts/iron', 20],
  ['Hydrogen', 18],
  ['^18 || ^20', 20],
  ['>=16 <19', 18],
  ['<=18', 18],
  ['<21', 20],
  ['>=24', 24],
  ['>22', 24],
  ['23', 23],
  ['26', 26],
  ['>=25', 25],
  ['0.10', 'unknown'],
  ['100', 'unknown'],
  ['twenty', 'unknown'],
  ['20; rm -rf /', 'unknown'],
  ['$(id)', 'unknown'],
])('a project that asks for %j is built with %s, where the runner has 22.23.1', (asked, expected) => {
  const chosen = chooseNode(asked, 'v22.23.1');
  expect(chosen.kind === 'line' ? chosen.line : chosen.kind).toBe(expected);
});

test.each([
  ['24.1.0', '10'],
  ['20.20.2', '10'],
  ['18.20.8', '10'],
  ['18.0.0', '9'],
  ['16.20.2', '9'],
  ['14.15.0', '8'],
  ['12.0.0', '6'],
])('Node.js %s gets npm %s', (node, npm) => expect(npmFor(node)).toBe(npm));
