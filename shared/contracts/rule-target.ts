/**
 * The target of a rule: a path of the site, or an http(s) URL. No zod in this file: the edge routine bundles it.
 */
import { PLACEHOLDER } from './rule-pattern.ts';

export interface RuleTarget {
  /** `https://host`, without placeholders; empty for a path of the site. */
  readonly origin: string;
  /** From the first slash on; percent-encoded, with placeholders. */
  readonly path: string;
  /** From the question mark on, or empty. */
  readonly query: string;
  /** From the number sign on, or empty. */
  readonly fragment: string;
}

const PARTS = /^(https?:\/\/[A-Za-z0-9.-]+(?::\d{1,5})?)?(\/[^?#]*)?(\?[^#]*)?(#.*)?$/;

/** Rejects invalid IP addresses and ports. */
function isOrigin(text: string): boolean {
  try {
    return new URL(text).hostname !== '';
  } catch {
    return false;
  }
}

/** Parses a target; undefined when it is invalid, which includes `//host` and user names in a URL. */
export function parseTarget(to: string): RuleTarget | undefined {
  // Browsers treat a backslash as a slash, so it would be another way to write //host.
  if (!/^[\x21-\x7e]+$/.test(to) || to.includes('\\')) return undefined;
  const [, origin = '', path = '', query = '', fragment = ''] = PARTS.exec(to) ?? [];
  if (origin === '' ? path === '' || path.startsWith('//') : !isOrigin(origin)) return undefined;
  return { origin, path: path || '/', query, fragment };
}

/** The path of a target in the form of a manifest's paths, without its first slash; undefined when it cannot be decoded. */
export function decodeTargetPath(path: string): string | undefined {
  try {
    return path.slice(1).split('/').map(decodeURIComponent).join('/').normalize('NFC');
  } catch {
    return undefined;
  }
}

/** Why a rule may not have this target, as the end of a sentence; undefined when it may. `names` are what the rule captures. */
export function targetProblem(to: string, status: number, names: readonly string[]): string | undefined {
  const target = parseTarget(to);
  if (!target) return 'is neither a path of this site nor a URL with http: or https:';
  if (status === 200 || status === 404) {
    if (target.origin) return 'is on another server, and content of other servers is not passed on';
    if (decodeTargetPath(target.path) === undefined) return 'is not percent-encoded correctly';
  }
  const { origin: _, ...rest } = target;
  for (const text of Object.values(rest)) {
    for (const { 1: name = '', index } of text.matchAll(PLACEHOLDER)) {
      if (!names.includes(name) && /[/=]/.test(text.charAt(index - 1)))
        return `has :${name}, which the path does not have`;
    }
  }
  return undefined;
}
