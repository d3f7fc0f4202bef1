import { bundleEdgeRoutine } from '../../edge-routine/bundle-edge-routine.ts';
import { buildLayer } from '../../layers/build-layer.ts';
import { bundleFunctions } from './bundle-functions.ts';

/** Everything of ours that a release uploads. */
export interface Artifacts {
  readonly layer: Buffer;
  readonly layerWasCached: boolean;
  /** Folder in `functions/` → package. */
  readonly functions: ReadonlyMap<string, Buffer>;
  readonly edgeRoutine: string;
}

export async function buildArtifacts(cacheDirectory: string): Promise<Artifacts> {
  const [edgeRoutine, functions] = await Promise.all([bundleEdgeRoutine(), bundleFunctions()]);
  const layer = await buildLayer({ cacheDirectory, importedByFunctions: functions.imports });
  return { layer: layer.zip, layerWasCached: layer.wasCached, functions: functions.zips, edgeRoutine };
}
