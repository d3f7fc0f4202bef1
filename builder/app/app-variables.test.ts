import type { chooseManager } from '@miaobu/shared/kernel/detect/choose-manager';
import { npm, yarnModern } from '@miaobu/shared/kernel/detect/package-managers';
import { expect, test } from 'vitest';
import { appVariables } from './app-variables.ts';

type Manager = Awaited<ReturnType<typeof chooseManager>>;
const chosen = (manager: Manager['manager']) => ({ manager }) as Manager;

test('Yarn 2 or newer installs a server where it can be packed, and the log says so; a site is installed as its repository is set up', () => {
  const said: string[] = [];
  const say = (line: string) => said.push(line);
  expect(appVariables({ kind: 'node', manager: chosen(npm) }, '/app', say)).toEqual({});
  expect(appVariables({ kind: 'static', manager: chosen(yarnModern) }, '/app', say)).toEqual({});
  expect(said).toEqual([]);
  expect(appVariables({ kind: 'node', manager: chosen(yarnModern) }, '/app', say)).toEqual({
    YARN_NODE_LINKER: 'node-modules',
  });
  expect(said).toHaveLength(1);
});

test("what a Python project's own commands install and import is in its package", () => {
  expect(appVariables({ kind: 'python', manager: undefined }, '/app', () => {})).toMatchObject({
    PYTHONPATH: '/app/python_deps',
    PIP_TARGET: '/app/python_deps',
  });
});
