import { parseManifest } from '@miaobu/shared/contracts/manifest';
import type { Artifact } from '../upload/artifact.ts';
import type { Collected } from './collect-output.ts';
import { decideSpa } from './decide-spa.ts';

const NAMED = 10;

/**
 * The artifact of a static site. Says in the log what is left out and how unknown addresses are answered. Throws
 * `ManifestError` for what the platform would refuse.
 */
export function siteArtifact(
  { files, ignored }: Collected,
  /** `spa`: the project's setting; `maySpa`: whether a lone page means a single-page app. */
  { spa, maySpa, say }: { spa: boolean | null; maySpa: boolean; say: (line: string) => void },
): Artifact {
  if (ignored.length > 0) {
    say(`Not published: ${ignored.slice(0, NAMED).join(', ')}${ignored.length > NAMED ? ', …' : ''}`);
  }
  const paths = files.map((file) => file.path);
  const isSpa = decideSpa(spa, maySpa, paths);
  if (isSpa) say('Single-page app: unknown addresses are answered with index.html');
  // The reader's own rules: better to fail here, with the log at hand, than when it is activated.
  const manifest = parseManifest({
    v: 1,
    kind: 'static',
    spa: isSpa,
    files: files.map(({ path, sha256, bytes, type }) => ({ path, sha256, bytes, type })),
  });
  return { contents: files.map(({ path, ...file }) => ({ ...file, name: path })), manifest };
}
