import semver from 'semver';

/** Release lines with long-term support, best first. A range that contains none of them gets the first line that it contains. */
const LINES = [24, 22, 20, 18, 16, 14];
const CODENAMES: Readonly<Record<string, number>> = {
  krypton: 24,
  jod: 22,
  iron: 20,
  hydrogen: 18,
  gallium: 16,
  fermium: 14,
};
/** Whatever these mean at the moment, the runner's version will do. */
const ANY = new Set(['node', 'stable', 'latest', 'current', 'lts', 'lts/*', '*']);

export type ChosenNode =
  | { readonly kind: 'own' }
  /** The major version. */
  | { readonly kind: 'line'; readonly line: number }
  | { readonly kind: 'unknown' };

/**
 * Which Node.js a project that asks for `asked` is built with: `22`, `v20.11.1`, `lts/iron`, `>=18 <21`, ... Only the
 * release line is chosen, in its newest version: changes within a line do not break builds, and fixes arrive there.
 */
export function chooseNode(asked: string | null | undefined, own: string): ChosenNode {
  const wanted = asked?.trim().toLowerCase() ?? '';
  if (wanted === '' || ANY.has(wanted)) return { kind: 'own' };
  const ownLine = semver.major(own);
  const named = CODENAMES[wanted.replace(/^lts\//, '')];
  if (named !== undefined) return named === ownLine ? { kind: 'own' } : { kind: 'line', line: named };
  const range = semver.validRange(wanted, { loose: true });
  if (range === null) return { kind: 'unknown' };
  const isIn = (line: number) => semver.intersects(range, `${line}.x`);
  if (semver.satisfies(own, range) || isIn(ownLine)) return { kind: 'own' };
  const line = LINES.find(isIn) ?? semver.minVersion(range)?.major;
  return line === undefined || line < 12 || line > 99 ? { kind: 'unknown' } : { kind: 'line', line };
}

/** A version of npm that runs on this Node.js. */
export function npmFor(node: string): string {
  const fits = [
    ['^18.17.0 || >=20.5.0', '10'],
    ['^14.17.0 || ^16.13.0 || >=18.0.0', '9'],
    ['^12.13.0 || ^14.15.0 || >=16.0.0', '8'],
  ] as const;
  return fits.find(([range]) => semver.satisfies(node, range))?.[1] ?? '6';
}
