import { parseAllHeaders } from '@netlify/headers-parser';
import { parse, TomlError } from 'smol-toml';
import { takeHeaders } from './header-block.ts';
import { netlifyRedirect } from './netlify-redirect.ts';
import { NotSupported, type RuleCollection, take, warn } from './rule-collection.ts';
import { patternOfNetlify } from './written-path.ts';

const FILE = 'netlify.toml';

/**
 * Where the tables `[[name]]` begin. A parsed document does not say, so they are counted in the text; if the count does
 * not match, tables are referred to by number.
 */
function placesOf(text: string, name: string, count: number): (index: number) => string {
  const begin = new RegExp(`^\\s*\\[\\[\\s*${name}\\s*\\]\\]`);
  const lines = text.split('\n').flatMap((line, index) => (begin.test(line) ? [index + 1] : []));
  return (index) => (lines.length === count ? `${FILE}:${lines[index]}` : `${FILE}, ${name}[${index}]`);
}

function tablesOf(document: Record<string, unknown>, name: string, collection: RuleCollection): readonly unknown[] {
  const tables = document[name] ?? [];
  if (Array.isArray(tables)) return tables;
  warn(collection, FILE, `"${name}" is not a list of tables; it is left out`);
  return [];
}

const isTable = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** A table `[[headers]]`; Netlify's own parser joins lists and values of several lines. */
async function takeTable(table: object, where: string, collection: RuleCollection): Promise<void> {
  const configHeaders = [table] as Parameters<typeof parseAllHeaders>[0]['configHeaders'];
  const { headers, errors } = await parseAllHeaders({
    headersFiles: undefined,
    netlifyConfigPath: undefined,
    configHeaders,
    minimal: true,
  });
  if (errors[0]) throw new NotSupported(errors[0].message.split('\n').at(-1) ?? '');
  for (const { for: path, values } of headers) {
    const written = Object.entries(values).map(([name, value]) => ({ where, name, value }));
    takeHeaders(patternOfNetlify(path), written, collection);
  }
}

/** Reads the rules of `netlify.toml`; its other settings are not ours. */
export async function readNetlifyToml(text: string, collection: RuleCollection): Promise<void> {
  let document: Record<string, unknown>;
  try {
    document = parse(text);
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    const [message = ''] = error.message.split('\n', 1);
    return warn(collection, `${FILE}:${error.line}`, `${message}; nothing of the file counts`);
  }
  const redirects = tablesOf(document, 'redirects', collection);
  const whereRedirect = placesOf(text, 'redirects', redirects.length);
  for (const [index, table] of redirects.entries()) {
    await take(collection, whereRedirect(index), async () => {
      if (!isTable(table)) throw new NotSupported('this is not a table');
      collection.redirects.push(await netlifyRedirect(table));
    });
  }
  const headers = tablesOf(document, 'headers', collection);
  const whereHeaders = placesOf(text, 'headers', headers.length);
  for (const [index, table] of headers.entries()) {
    const where = whereHeaders(index);
    await take(collection, where, async () => {
      if (!isTable(table)) throw new NotSupported('this is not a table');
      await takeTable(table, where, collection);
    });
  }
}
