import { takeHeaders, type WrittenHeader } from './header-block.ts';
import { NotSupported, type RuleCollection, take, warn } from './rule-collection.ts';
import { patternOfNetlify } from './written-path.ts';

interface Block {
  readonly where: string;
  readonly path: string;
  readonly headers: WrittenHeader[];
}

const isPath = (line: string) => /^(?:\/|https?:\/\/)/.test(line);

/** `Name: value`, or `! Name` for a header that is not sent. */
function headerOf(line: string): Omit<WrittenHeader, 'where'> | undefined {
  if (line.startsWith('!')) return { name: line.slice(1).trim(), value: undefined };
  const colon = line.indexOf(':');
  if (colon <= 0) return undefined;
  return { name: line.slice(0, colon).trim(), value: line.slice(colon + 1).trim() };
}

/** Reads `_headers`: a path, and below it the headers it is sent with. */
export async function readHeadersFile(text: string, collection: RuleCollection): Promise<void> {
  const blocks: Block[] = [];
  for (const [index, written] of text.split('\n').entries()) {
    const line = written.trim();
    const where = `_headers:${index + 1}`;
    if (line === '' || line.startsWith('#')) continue;
    if (isPath(line)) {
      blocks.push({ where, path: line, headers: [] });
      continue;
    }
    const header = headerOf(line);
    const block = blocks.at(-1);
    if (!header) warn(collection, where, 'this is neither a path nor a header with its value; the line is left out');
    else if (!block) warn(collection, where, 'there is no path above it; the line is left out');
    else block.headers.push({ where, ...header });
  }
  for (const { where, path, headers } of blocks) {
    await take(collection, where, () => {
      if (!path.startsWith('/')) throw new NotSupported('a rule for one hostname is not supported');
      takeHeaders(patternOfNetlify(path), headers, collection);
    });
  }
}
