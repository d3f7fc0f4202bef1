import { expect, test } from 'vitest';
import { production, read } from './source-tree.ts';

const shared = production.filter((file) => file.startsWith('shared/') && !file.endsWith('.d.ts'));

/** Names of the functions a text exports: declared, or constants that are arrow functions. */
const exportedFunctions = (text: string) =>
  [
    ...text.matchAll(
      /^export (?:async )?(?:function\*? (\w+)|const (\w+)(?:: [^=]+)? =\s*(?:async )?(?:<[^>]*>)?\((?:(?!=>)[^;])*?\)(?:: [^=]+)? =>)/gm,
    ),
  ].map((found) => ({ name: found[1] ?? found[2] ?? '', index: found.index }));

test('exported functions are found in every form, and nothing else is mistaken for one', () => {
  const text = [
    'export function a() {}',
    'export async function b() {}',
    'export const c = () => 1;',
    'export const d = async <T>({ e, f }: Deps): Promise<void> => {};',
    'export const g =\n  (deps: Deps) =>\n  async (input: string) => input;',
    'export const h = [1].map((it) => it);',
    'export const i = { j: () => 1 };',
    'export const k: Kind = (1 + 2);',
    'export type L = () => void;',
    'const m = () => 1;',
  ].join('\n');
  expect(exportedFunctions(text).map(({ name }) => name)).toEqual(['a', 'b', 'c', 'd', 'g']);
});

test('every exported function of shared/ has a docstring', () => {
  const bare = shared.flatMap((file) => {
    const text = read(file);
    return exportedFunctions(text)
      .filter(({ index }) => !/\*\/\n(?:\/\/.*\n)*$/.test(text.slice(0, index)))
      .map(({ name }) => `${file}: ${name}`);
  });
  expect(bare).toEqual([]);
});
