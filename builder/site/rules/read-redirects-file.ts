import { netlifyRedirect } from './netlify-redirect.ts';
import { NotSupported, type RuleCollection, take } from './rule-collection.ts';

const LINE_LIMIT = 4000;
const isStatus = (word: string) => /^\d+!?$/.test(word);
const isTarget = (word: string) => /^(?:\/|https?:\/\/)/.test(word);

const pairs = (words: readonly string[]) =>
  Object.fromEntries(
    words.map((word): [string, string] => {
      const [name = '', ...value] = word.split('=');
      return [name, value.join('=')];
    }),
  );

/** A line, as an entry of `netlify.toml` would have it: `from [name=value…] [to] [status[!]] [Condition=value…]`. */
function entryOf(line: string): object {
  if (line.length > LINE_LIMIT) throw new NotSupported(`the line is longer than ${LINE_LIMIT} characters`);
  const all = line.split(/\s+/);
  const comment = all.findIndex((word) => word.startsWith('#'));
  const [from = '', ...words] = comment === -1 ? all : all.slice(0, comment);
  if (!isTarget(from)) throw new NotSupported('the path does not begin with a slash');
  // `/app/* 200`: everything is served unchanged, regardless of the rules below.
  const target = isStatus(words[0] ?? '') ? -1 : words.findIndex(isTarget);
  if (target === -1 && !isStatus(words[0] ?? '')) {
    throw new NotSupported('there is no target that begins with /, http:// or https://');
  }
  const [status, ...conditions] = words.slice(target + 1);
  if (status !== undefined && !isStatus(status)) throw new NotSupported(`${JSON.stringify(status)} is not a status`);
  const { Sign, signed = Sign, ...others } = pairs(conditions);
  return {
    from,
    ...(target !== -1 && { to: words[target], query: pairs(words.slice(0, target)) }),
    ...(status !== undefined && { status: Number.parseInt(status, 10), force: status.endsWith('!') }),
    conditions: others,
    ...(signed !== undefined && { signed }),
  };
}

/** Reads `_redirects`: a rule a line. */
export async function readRedirectsFile(text: string, collection: RuleCollection): Promise<void> {
  for (const [index, written] of text.split('\n').entries()) {
    const line = written.trim();
    if (line === '' || line.startsWith('#')) continue;
    await take(collection, `_redirects:${index + 1}`, async () => {
      collection.redirects.push(await netlifyRedirect(entryOf(line)));
    });
  }
}
