import { hash } from 'node:crypto';
import type { LogShipper } from '../log/log-shipper.ts';
import type { PlatformClient } from '../protocol/platform-client.ts';
import type { Artifact, ArtifactContent } from './artifact.ts';
import { deliverContent } from './deliver-content.ts';
import { inParallel } from './in-parallel.ts';
import { bodyOf } from './read-content.ts';
import { askForLinks, type UploadLink } from './upload-links.ts';

const PARALLEL = 16;

export interface UploadedManifest {
  readonly sha256: string;
  readonly bytes: number;
}

function describe(contents: readonly ArtifactContent[], missing: readonly ArtifactContent[]): string {
  const absent = new Set(missing.map(({ sha256 }) => sha256));
  const files = contents.filter(({ isTwin }) => !isTwin);
  const changed = files.filter(({ sha256 }) => absent.has(sha256)).length;
  const twins = missing.filter(({ isTwin }) => isTwin).length;
  const also = twins === 0 ? '' : `, and ${twins} compressed cop${twins === 1 ? 'y' : 'ies'}`;
  return `Uploading ${changed} of ${files.length} files (${files.length - changed} unchanged)${also}`;
}

/**
 * Uploads the contents the platform does not have yet, and then the manifest, which makes them a deployment. Returns the
 * manifest's digest for the last report.
 */
export async function uploadArtifact({
  artifact: { contents, manifest },
  client,
  token,
  log,
  signal,
}: {
  artifact: Artifact;
  client: Pick<PlatformClient, 'uploads' | 'manifest'>;
  /** The publication's. */
  token: string;
  log: Pick<LogShipper, 'line' | 'flush'>;
  signal: AbortSignal;
}): Promise<UploadedManifest> {
  const links = await askForLinks({ contents, ask: (request) => client.uploads(token, request, { signal }) });
  log.line(describe(contents, links.missing));
  log.flush();

  await inParallel(links.missing, PARALLEL, async (content) => {
    await deliverContent<UploadLink>({
      what: JSON.stringify(content.name),
      body: await bodyOf(content),
      linkFor: (refused) => links.linkFor(content, refused),
      signal,
    });
    links.settle(content);
  });

  const body = Buffer.from(JSON.stringify(manifest));
  const uploaded = { sha256: hash('sha256', body, 'hex'), bytes: body.length };
  const linkFor = () => client.manifest(token, uploaded, { signal });
  await deliverContent({ what: 'The list of files', body, linkFor, signal });
  return uploaded;
}
