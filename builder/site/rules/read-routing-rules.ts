import { parseRoutingRules, type RoutingRules } from '@miaobu/shared/contracts/routing-rules';
import { BuildFailure } from '../../build-failure.ts';
import type { BuildUser } from '../../commands/build-user.ts';
import { readHeadersFile } from './read-headers-file.ts';
import { readNetlifyToml } from './read-netlify-toml.ts';
import { readRedirectsFile } from './read-redirects-file.ts';
import { readVercelJson } from './read-vercel-json.ts';
import { emptyCollection, warn } from './rule-collection.ts';
import { OUTPUT_RULE_FILES, ROOT_RULE_FILES, readRuleFile } from './rule-file.ts';

export interface FoundRules {
  /** Undefined: the site has none. */
  readonly rules: RoutingRules | undefined;
  /** For the log: what is applied, and what is not and why. */
  readonly lines: readonly string[];
}

const WARNINGS_SHOWN = 50;

/** In the order of precedence of their rules. */
const READERS = {
  _redirects: readRedirectsFile,
  _headers: readHeadersFile,
  'netlify.toml': readNetlifyToml,
  'vercel.json': readVercelJson,
} as const;

const counted = (count: number, what: string) => (count === 0 ? [] : [`${count} ${what}${count === 1 ? '' : 's'}`]);

function summaryOf(rules: RoutingRules, files: readonly string[]): string {
  const { redirects, headers, cleanUrls, trailingSlash } = rules;
  const shown = redirects.filter(({ status }) => status === 200 || status === 404).length;
  const parts = [
    ...counted(redirects.length - shown, 'redirect'),
    ...counted(shown, 'rewrite'),
    ...counted(headers.length, 'header rule'),
    ...(cleanUrls ? ['clean URLs'] : []),
    ...(trailingSlash === undefined ? [] : [`${trailingSlash ? 'a' : 'no'} trailing slash`]),
  ];
  return `${parts.join(', ')} from ${files.join(', ')}`;
}

/**
 * Reads what the site's own files say about its addresses: `_redirects` and `_headers` of the output directory, `netlify.toml` and
 * `vercel.json` of the project's root directory (both real paths). Whatever is not supported is left out, and logged. Throws
 * `BuildFailure` for more than the platform accepts.
 */
export async function readRoutingRules({
  output,
  root,
  user,
}: {
  output: string;
  root: string;
  user: BuildUser | undefined;
}): Promise<FoundRules> {
  const collection = emptyCollection();
  const contributing: string[] = [];
  const saying = () =>
    JSON.stringify([
      collection.redirects.length,
      collection.headers.length,
      collection.cleanUrls,
      collection.trailingSlash,
    ]);
  const places = [
    ...OUTPUT_RULE_FILES.map((name) => ({ folder: output, name })),
    ...ROOT_RULE_FILES.map((name) => ({ folder: root, name })),
  ];
  for (const { folder, name } of places) {
    const file = await readRuleFile(folder, name, user);
    if (file.kind === 'unreadable') warn(collection, name, `${file.why}; nothing of the file counts`);
    if (file.kind === 'missing' && folder !== root && (await readRuleFile(root, name, user)).kind !== 'missing') {
      warn(collection, name, 'it is in the root directory, but not in the output directory, so it does not count');
    }
    if (file.kind !== 'found') continue;
    const before = saying();
    await READERS[name](file.text, collection);
    if (saying() !== before) contributing.push(name);
  }
  const { warnings, ...written } = collection;
  const rules = parseRoutingRules(written, (message) => {
    throw new BuildFailure('output_invalid', `The site's own rules cannot be published: ${message}.`);
  });
  const more = warnings.length - WARNINGS_SHOWN;
  return {
    rules,
    lines: [
      ...warnings.slice(0, WARNINGS_SHOWN),
      ...(more > 0 ? [`Warning: ${more} more rules are left out`] : []),
      ...(rules ? [summaryOf(rules, contributing)] : []),
    ],
  };
}
