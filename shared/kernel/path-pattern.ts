/** Whether a path is this directory or below it. The empty directory contains everything. */
export const isUnder = (directory: string, path: string) =>
  directory === '' || path === directory || path.startsWith(`${directory}/`);

const namesIn = (path: string) => path.split('/').filter((name) => name !== '' && name !== '.');

/** A path inside a repository without redundant parts: `./docs//` is `docs`, and `.` is the empty path. */
export const plainPath = (path: string) => namesIn(path).join('/');

/**
 * Whether a pattern matches a file of a repository or a directory above it. `*` matches anything within one name, `**` any number of
 * directories; everything else is literal, including a leading dot. (Node's `path.matchesGlob` ignores hidden files, and ignores case on
 * some systems.)
 */
export function matchesPathPattern(pattern: string, path: string): boolean {
  return fits([...namesIn(pattern), '**'], path.split('/'), '**', (name, actual) => {
    return fits([...name], [...actual], '*', (letter, other) => letter === other);
  });
}

/**
 * Whether `text` matches `pattern`, in which `wildcard` stands for any number of items. Only the last wildcard is ever widened, so no
 * pattern takes longer than the product of the lengths.
 */
function fits(
  pattern: readonly string[],
  text: readonly string[],
  wildcard: string,
  same: (wanted: string, actual: string) => boolean,
): boolean {
  let wanted = 0;
  let last: { readonly wildcard: number; readonly text: number } | undefined;
  for (let at = 0; at < text.length; ) {
    const item = pattern[wanted];
    const actual = text[at] ?? '';
    if (item === wildcard) {
      last = { wildcard: wanted, text: at };
      wanted += 1;
    } else if (item !== undefined && same(item, actual)) {
      wanted += 1;
      at += 1;
    } else if (last) {
      last = { wildcard: last.wildcard, text: last.text + 1 };
      wanted = last.wildcard + 1;
      at = last.text;
    } else {
      return false;
    }
  }
  return pattern.slice(wanted).every((item) => item === wildcard);
}
