import path from 'node:path';
import { lifecycle, type Mover } from '@miaobu/shared/model/deployment/deployment-lifecycle';
import { describe, expect, test } from 'vitest';
import { files, read } from './source-tree.ts';

const handlers = files.filter((file) => /^functions\/[^/]+\/handler\.ts$/.test(file));
const LABELS = ['Trigger', 'Moves', 'Hands to', 'Fails by'];

/** The comment at the top of a handler: the text after each label, in order. It may continue on the next line. */
function cardOf(handler: string): ReadonlyMap<string, string> {
  const lines = /^(?:\/\/.*\n)+/.exec(read(handler))?.[0].split('\n') ?? [];
  const text = lines.map((line) => line.replace(/^\/\/ /, '')).join('\n');
  const labels = [path.basename(path.dirname(handler)), ...LABELS];
  const entries = text.split(new RegExp(`^(?=(?:${labels.join('|')}): )`, 'm'));
  return new Map(
    entries.map((entry) => [entry.slice(0, entry.indexOf(':')), entry.slice(entry.indexOf(':') + 1).trim()]),
  );
}

/** `a, b → c (why); d → e.` as `a → c`, `b → c`, `d → e`, sorted; `∅` is not a status, so moves from it are left out. */
const movesIn = (text: string) =>
  text
    .replace(/\([^)]*\)|\.$/g, '')
    .split(';')
    .flatMap((move) => {
      const [sources = '', target = ''] = move.split('→').map((part) => part.trim());
      return sources.split(', ').map((source) => `${source} → ${target}`);
    })
    .filter((move) => move !== '∅ → queued')
    .sort();

const movesOf = (mover: string) =>
  Object.entries(lifecycle)
    .flatMap(([from, targets]) =>
      Object.entries(targets).flatMap(([to, movers]: [string, readonly Mover[]]) =>
        movers.some((each) => each === mover) ? [`${from} → ${to}`] : [],
      ),
    )
    .sort();

describe.each(handlers)('%s', (handler) => {
  const folder = path.basename(path.dirname(handler));
  const card = cardOf(handler);

  test('begins with its card', () => {
    expect([...card.keys()]).toEqual([folder, ...LABELS]);
    expect([...card.values()]).not.toContain('');
  });

  test('lists in its card the lifecycle moves it makes', () => {
    const moves = movesOf(folder);
    const said = card.get('Moves') ?? '';
    if (moves.length === 0) expect(said).toBe('nothing.');
    else expect(movesIn(said)).toEqual(moves);
  });
});
