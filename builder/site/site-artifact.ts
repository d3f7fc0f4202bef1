import { parseManifest } from '@miaobu/shared/contracts/manifest';
import type { Artifact } from '../upload/artifact.ts';
import type { Collected } from './collect-output.ts';
import { decideSpa } from './decide-spa.ts';
import { precompress, type Twin, type Twins } from './precompress.ts';

const NAMED = 10;

const blobOf = ({ sha256, bytes }: Twin) => ({ sha256, bytes });

/** The manifest's entry for a file's twins. */
const encodingsOf = ({ br, gzip }: Twins) => ({ ...(br && { br: blobOf(br) }), ...(gzip && { gzip: blobOf(gzip) }) });

/**
 * The artifact of a static site. Logs what is left out, how unknown addresses are answered and which rules apply. Throws
 * `ManifestError` for what the platform would refuse. Twins are kept in the new file `twinsFile`, which must stay until
 * everything is uploaded.
 */
export async function siteArtifact(
  { files, ignored, routing }: Collected,
  /** `spa`: the project's setting; `maySpa`: whether a lone page means a single-page app. */
  {
    spa,
    maySpa,
    say,
    twinsFile,
    signal,
  }: {
    spa: boolean | null;
    maySpa: boolean;
    say: (line: string) => void;
    twinsFile: string;
    signal: AbortSignal;
  },
): Promise<Artifact> {
  if (ignored.length > 0) {
    say(`Not published: ${ignored.slice(0, NAMED).join(', ')}${ignored.length > NAMED ? ', …' : ''}`);
  }
  const paths = files.map((file) => file.path);
  const isSpa = decideSpa(spa, maySpa, paths);
  if (isSpa) say('Single-page app: unknown addresses are answered with index.html');
  for (const line of routing.lines) say(line);
  const twins = await precompress(files, { into: twinsFile, say, signal });
  // The same checks as when it is read: better to fail here, with the log at hand, than on activation.
  const manifest = parseManifest({
    v: 1,
    kind: 'static',
    spa: isSpa,
    rules: routing.rules,
    files: files.map(({ path, sha256, bytes, type }) => {
      const its = twins.get(sha256);
      return { path, sha256, bytes, type, ...(its && { encodings: encodingsOf(its) }) };
    }),
  });
  const contents = files.flatMap(({ path, ...file }) => [
    { ...file, name: path },
    ...Object.entries(twins.get(file.sha256) ?? {}).map(([encoding, twin]) => ({
      ...twin,
      source: twinsFile,
      name: `${path} (${encoding})`,
      isTwin: true,
    })),
  ]);
  return { contents, manifest };
}
