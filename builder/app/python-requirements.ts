import { textIn } from '@miaobu/shared/kernel/read-json-value';
import { parse } from 'smol-toml';

/** Input for pip: requirements of the app itself, and the versions that a lockfile pins for all packages. */
export interface Requirements {
  readonly lines: readonly string[];
  readonly constraints: readonly string[];
}

type Table = Record<string, unknown>;
const isTable = (value: unknown): value is Table =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date);
const tableIn = (value: unknown, ...keys: readonly string[]): Table =>
  keys.reduce<Table>((table, key) => (isTable(table[key]) ? table[key] : {}), isTable(value) ? value : {});
const listIn = (value: unknown) => (Array.isArray(value) ? value : []);
const textsIn = (value: unknown) => listIn(value).filter((it): it is string => typeof it === 'string');

/** Poetry's `^1.2.3` and `~1.2` in PEP 440 terms: the first non-zero number stays fixed, or the second number. */
function range(version: string): string {
  const [, sign, numbers = ''] = /^([~^])\s*(\d+(?:\.\d+)*)/.exec(version) ?? [];
  if (sign === undefined) return /^\d/.test(version) ? `==${version}` : version;
  const parts = numbers.split('.').map(Number);
  const first = parts.findIndex((part) => part > 0);
  const kept = sign === '~' ? Math.min(1, parts.length - 1) : first === -1 ? parts.length - 1 : first;
  const above = [...parts.slice(0, kept), (parts[kept] ?? 0) + 1].join('.');
  return `>=${numbers},<${above}`;
}

const specifier = (version: string) =>
  version.trim() === '*'
    ? ''
    : version
        .split(',')
        .map((it) => range(it.trim()))
        .join(',');

/** A requirement of Poetry or Pipenv, in PEP 508 syntax; undefined for one that belongs only to an extra. */
function requirement(name: string, value: unknown): string | undefined {
  if (typeof value === 'string') return name + specifier(value);
  if (!isTable(value) || value.optional === true) return undefined;
  const extras = textsIn(value.extras).join(',');
  const named = extras === '' ? name : `${name}[${extras}]`;
  const git = textIn(value.git);
  const ref = textIn(value.ref) ?? textIn(value.rev) ?? textIn(value.tag) ?? textIn(value.branch);
  const url = git === undefined ? textIn(value.url) : `git+${git}${ref === undefined ? '' : `@${ref}`}`;
  const folder = textIn(value.path) ?? textIn(value.file);
  const marker = textIn(value.markers) === undefined ? '' : ` ; ${value.markers}`;
  if (url !== undefined) return `${named} @ ${url}${marker}`;
  if (folder !== undefined) return /^[./]/.test(folder) ? folder : `./${folder}`;
  return named + specifier(textIn(value.version) ?? '*') + marker;
}

const requirements = (table: Table) =>
  Object.entries(table)
    .filter(([name]) => name !== 'python')
    .flatMap(([name, value]) => requirement(name, value) ?? []);

/** uv records the source of each package; Poetry only when it is not the usual index. */
const isFromIndex = ({ registry, type, ...elsewhere }: Table) =>
  registry !== undefined || type === 'legacy' || (type === undefined && Object.keys(elsewhere).length === 0);

/**
 * The pinned versions of a Poetry or uv lockfile. Packages with two versions, for different systems, and those not from
 * an index, is left for pip to choose.
 */
function lockedVersions(lock: Table): string[] {
  const versions = new Map<string, Set<string>>();
  for (const entry of listIn(lock.package)) {
    const [name, version] = isTable(entry) ? [textIn(entry.name), textIn(entry.version)] : [];
    if (name === undefined || version === undefined) continue;
    if (isFromIndex(tableIn(entry, 'source'))) versions.set(name, (versions.get(name) ?? new Set()).add(version));
  }
  return [...versions].flatMap(([name, chosen]) => (chosen.size === 1 ? [`${name}==${[...chosen][0]}`] : [])).sort();
}

/** From pyproject.toml, by PEP 621 or in Poetry's older format; and the poetry.lock or uv.lock beside it. */
export function projectRequirements(pyproject: string, lock: string | undefined): Requirements {
  const file = parse(pyproject);
  const declared = textsIn(tableIn(file, 'project').dependencies);
  const poetry = requirements(tableIn(file, 'tool', 'poetry', 'dependencies'));
  return {
    lines: declared.length > 0 ? declared : poetry,
    constraints: lock === undefined ? [] : lockedVersions(parse(lock)),
  };
}

/** From Pipfile.lock, which has everything, or from a Pipfile. */
export function pipfileRequirements(text: string, isLock: boolean): Requirements {
  const table = isLock ? tableIn(JSON.parse(text), 'default') : tableIn(parse(text), 'packages');
  return { lines: requirements(table), constraints: [] };
}
