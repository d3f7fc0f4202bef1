import { createHash } from 'node:crypto';
import type { Manifest } from '@miaobu/shared/contracts/manifest';
import type { SeededRandom } from './seeded-random.ts';

/** What a commit builds to: a page of its own, files shared with every third commit, and files shared with all. */
export interface BuiltSite {
  /** Content by SHA-256. */
  readonly contents: ReadonlyMap<string, Buffer>;
  readonly manifest: Manifest;
}

const sha256 = (content: Buffer) => createHash('sha256').update(content).digest('hex');

export const pageOf = (commitSha: string) => `the page of ${commitSha}`;
export const contentMatches = (name: string, content: Buffer) => sha256(content) === name;
export const digestOf = sha256;

export function builtSite(commitSha: string): BuiltSite {
  const files = {
    'index.html': pageOf(commitSha),
    'app.js': `script ${Number.parseInt(commitSha.slice(0, 4), 16) % 3}`,
    'style.css': 'body { color: teal }',
  };
  const contents = new Map<string, Buffer>();
  const listed = Object.entries(files).map(([path, text]) => {
    const content = Buffer.from(text);
    const name = sha256(content);
    contents.set(name, content);
    return { path, sha256: name, bytes: content.length, type: 'text/plain; charset=utf-8' };
  });
  return { contents, manifest: { v: 1, kind: 'static', spa: false, files: listed } };
}

/** What a lying runner does wrong. */
export interface Lies {
  /** Uploads other bytes of the same length instead of this content. */
  readonly wrongContent?: string | undefined;
  /** Lists this content and never uploads it. */
  readonly withheld?: string | undefined;
  /** Reports the digest of something else. */
  readonly wrongDigest?: boolean;
  /** Uploads another list of files after it has reported. */
  readonly manifestAfterwards?: boolean;
  /** Reports failure after it has reported success, and begins again. */
  readonly contradicts?: boolean;
}

export function someLie(random: SeededRandom, site: BuiltSite): Lies {
  const name = random.pick([...site.contents.keys()]);
  return (
    random.pick<Lies>([
      { wrongContent: name },
      { wrongContent: name },
      { withheld: name },
      { wrongDigest: true },
      { manifestAfterwards: true },
      { contradicts: true },
    ]) ?? {}
  );
}
