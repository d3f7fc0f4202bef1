import { existsSync } from 'node:fs';
import path from 'node:path';
import { topics } from '@miaobu/shared/contracts/messages';
import { expect, test } from 'vitest';
import { dutySeconds } from '../../functions/deploy/run-duties.ts';
import { files, isCargo, read } from './source-tree.ts';

const root = path.resolve(import.meta.dirname, '../..');
const documents = files.filter((file) => file.endsWith('.md') && !isCargo(file));
const architecture = read('docs/architecture.md');

/** The rows of the table with this header, as lists of cells. */
function tableWithHead(head: string): string[][] {
  const [, rows = ''] = architecture.split(`${head}\n`);
  const lines = rows.slice(0, rows.indexOf('\n\n')).split('\n').slice(1);
  return lines.map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
}
const namesIn = (cell = '') => [...cell.matchAll(/`([a-z]+[.-][a-z-]+)`/g)].map(([, name]) => name);

test('links between documents lead to files that exist', () => {
  const broken = documents.flatMap((file) =>
    [...read(file).matchAll(/\]\((?!https?:)([^)#]+)[^)]*\)/g)]
      .map(([, target = '']) => target)
      .filter((target) => !existsSync(path.join(root, path.dirname(file), target)))
      .map((target) => `${file} → ${target}`),
  );
  expect(broken).toEqual([]);
});

test('a document refers to a decision by a link to it, with its number', () => {
  const wrong = documents.flatMap((file) =>
    [...read(file).matchAll(/(\[)?\bdecision (\d+)(?:\]\(([^)]*)\))?/gi)]
      .filter(([, bracket, number = '', target = '']) => !bracket || !target.includes(`/${number.padStart(4, '0')}-`))
      .map(([text]) => `${file}: ${text}`),
  );
  expect(wrong).toEqual([]);
});

test('the list of decisions names every decision by its title', () => {
  const decisions = files.filter((file) => /^docs\/decisions\/\d/.test(file));
  const lines = decisions.map((file) => `- [${read(file).split('\n')[0]?.slice(2)}](${path.basename(file)})`);
  expect(read('docs/decisions/README.md').match(/^- .*/gm)).toEqual(lines);
});

test('the architecture names every topic of the outbox, each once', () => {
  const named = tableWithHead('| topic | makes true |').flatMap(([cell]) => namesIn(cell));
  expect(named.sort()).toEqual(Object.keys(topics).sort());
});

const SECONDS: Readonly<Record<string, number>> = { s: 1, min: 60, h: 3600 };

test('the architecture names every duty, and how often it runs', () => {
  const named = tableWithHead('| duty | every | enqueues |').map(([cell, every = '']) => {
    const [, count, unit = ''] = /^(\d+) (s|min|h)$/.exec(every) ?? [];
    return [namesIn(cell)[0], Number(count) * (SECONDS[unit] ?? Number.NaN)];
  });
  expect(Object.fromEntries(named)).toEqual(dutySeconds);
});
