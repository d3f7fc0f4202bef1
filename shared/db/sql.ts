const marker = Symbol('sql');

/** A statement with separate parameters. Only `sql` and `joinSql` create one, so a value never becomes statement text. */
export interface Sql {
  readonly text: string;
  readonly values: readonly unknown[];
  readonly [marker]: true;
}

const isSql = (value: unknown): value is Sql => typeof value === 'object' && value !== null && marker in value;

const shiftNumbers = (text: string, by: number) => text.replace(/\$(\d+)/g, (_, n: string) => `$${Number(n) + by}`);

/** Tagged template for SQL. Values become `$1`, `$2`, …; nested `sql` fragments are spliced in; `undefined` is refused (use `null`). */
export function sql(strings: TemplateStringsArray, ...parts: readonly unknown[]): Sql {
  let text = strings[0] ?? '';
  const values: unknown[] = [];
  parts.forEach((part, index) => {
    if (part === undefined) throw new TypeError('undefined in a statement; use null');
    if (isSql(part)) {
      text += shiftNumbers(part.text, values.length);
      values.push(...part.values);
    } else {
      values.push(part);
      text += `$${values.length}`;
    }
    text += strings[index + 1] ?? '';
  });
  return { text, values, [marker]: true };
}

/** Fragments joined by a separator, e.g. conditions by ` and `. */
export function joinSql(fragments: readonly Sql[], separator: string): Sql {
  let text = '';
  const values: unknown[] = [];
  fragments.forEach((fragment, index) => {
    text += (index === 0 ? '' : separator) + shiftNumbers(fragment.text, values.length);
    values.push(...fragment.values);
  });
  return { text, values, [marker]: true };
}
