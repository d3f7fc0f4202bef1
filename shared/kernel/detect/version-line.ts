import { minVersion, satisfies, validRange } from 'semver';

/** The lines of Node.js that an app can run on, oldest first. */
export const NODE_LINES = ['18', '20', '22', '24'] as const;
export const DEFAULT_NODE_LINE = '22';
/** The lines of Python that an app can run on, oldest first. */
export const PYTHON_LINES = ['3.9', '3.10', '3.11', '3.12', '3.13'] as const;
export const DEFAULT_PYTHON_LINE = '3.12';

/** Anything longer is not a version. */
const LONGEST = 100;

/** Names that nvm gives to lines. */
const NODE_NAMES: Readonly<Record<string, string>> = {
  hydrogen: '18',
  iron: '20',
  jod: '22',
  krypton: '24',
};

/** A version beyond every patch of a line, to test whether a range includes the line's newest. */
const newestOf = (line: string) => `${line}${'.9999'.repeat(3 - line.split('.').length)}`;

/** The lines whose newest version is in the range, or the line of a single version like `20.11.1`; oldest first. */
function linesIn(lines: readonly string[], range: string): string[] {
  const wanted = validRange(range, { loose: true });
  if (wanted === null) return [];
  const single = /^\d+(?:\.\d+)*$/.test(wanted) ? wanted : undefined;
  const lowest = minVersion(wanted)?.version;
  return lines.filter((line) =>
    // `<22.5` or `~20.1` end within a line: then their lower end decides.
    single === undefined
      ? satisfies(newestOf(line), wanted) || lowest?.startsWith(`${line}.`) === true
      : single.startsWith(`${line}.`),
  );
}

/**
 * The Node.js line for a project's request, e.g. `22`, `v20.11.1`, `lts/iron`, `lts/*` or `>=18`: for a range the newest. Undefined when
 * no line matches, or the text is not a version.
 */
export function nodeLine(asked: string): string | undefined {
  if (asked.length > LONGEST) return undefined;
  const text = asked.trim().toLowerCase();
  if (/^(?:lts|lts\/\*|latest|current|node|stable|\*|x)$/.test(text)) return NODE_LINES.at(-1);
  const named = NODE_NAMES[text.replace(/^lts\//, '')];
  return named ?? linesIn(NODE_LINES, text).at(-1);
}

/** Python's `~=3.11`, `==3.11.*` and `>=3.9,<4`, in npm's notation. */
const asRange = (asked: string) =>
  asked
    .replace(/~=\s*(\d+\.\d+)\.\d+/g, '~$1')
    .replace(/~=\s*/g, '^')
    .replace(/===?\s*/g, '')
    .replace(/!=\s*[\w.*]+/g, '')
    .replace(/,/g, ' ')
    .trim();

/**
 * The Python line for a project's request, e.g. `3.11.4`, `python-3.11`, `>=3.9,<3.13` or `^3.10`. For a range the default line if it
 * matches, else the newest: wheels for the newest Python appear late. Undefined when no line matches.
 */
export function pythonLine(asked: string): string | undefined {
  if (asked.length > LONGEST) return undefined;
  const text = asked
    .trim()
    .toLowerCase()
    .replace(/^(?:cpython|python)-?@?/, '');
  const lines = linesIn(PYTHON_LINES, asRange(text));
  return lines.find((line) => line === DEFAULT_PYTHON_LINE) ?? lines.at(-1);
}
