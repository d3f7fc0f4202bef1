import { type AppManifest, parseAppManifest } from '@miaobu/shared/contracts/app-manifest';
import type { TestPlatform } from './test-platform.ts';

/** The manifest and the package that the report `uploaded` names, as the platform would read them. */
export function publishedServer({ reports, objects, log }: TestPlatform): { manifest: AppManifest; zip: Buffer } {
  const last = reports.at(-1);
  const bytes = last?.kind === 'uploaded' ? objects.get(last.manifest_sha256) : undefined;
  if (!bytes) throw new Error(`no manifest was published; the log says:\n${log()}`);
  const manifest = parseAppManifest(JSON.parse(bytes.toString()));
  const zip = objects.get(manifest.package.sha256);
  if (!zip) throw new Error('the package is not in the store');
  return { manifest, zip };
}
