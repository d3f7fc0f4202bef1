import { readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { LOCAL_REGION } from '../../local/aliyun/account.ts';
import { openCodeStore } from '../../local/aliyun/fc/code-store.ts';
import { openFcState } from '../../local/aliyun/fc/fc-state.ts';
import { createFunctionRecords } from '../../local/aliyun/fc/function-records.ts';
import type { InstancePlan } from '../../local/aliyun/fc/instance-launch.ts';
import { instancePlanner } from '../../local/aliyun/fc/instance-planner.ts';
import { createLayerRecords } from '../../local/aliyun/fc/layer-records.ts';
import { createLayerSets } from '../../local/aliyun/fc/layer-sets.ts';
import { nodeOfThisProcess } from '../../local/aliyun/fc/official-layers.ts';
import type { Platform } from '../../tests/e2e/start-platform.ts';
import { accountOf, fcStateOf } from './platform-functions.ts';

/** A released function: how big it is, and how Function Compute starts it. */
export interface ReleasedFunction {
  readonly plan: InstancePlan;
  readonly zipBytes: number;
  /** Its code, one file. */
  readonly bundleBytes: number;
}

export interface ReleasedLayer {
  readonly zipBytes: number;
  readonly unpackedBytes: number;
}

function bytesIn(directory: string): number {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, entry) => sum + statSync(path.join(entry.parentPath, entry.name)).size, 0);
}

/** What a platform has released into its Function Compute, read from the state of that. `workDirectory` gets the layers, merged. */
export async function readReleasedFunctions(
  platform: Platform,
  workDirectory: string,
): Promise<{ functions: ReleasedFunction[]; layers: ReleasedLayer[] }> {
  const stateDirectory = fcStateOf(platform);
  const database = openFcState(stateDirectory);
  try {
    const layers = createLayerRecords(database, (name, version) => `${name}/${version}`, Date.now);
    const code = openCodeStore(path.join(stateDirectory, 'code'), () => true);
    const planner = instancePlanner({
      account: accountOf(platform),
      region: LOCAL_REGION,
      code,
      layers,
      layerSets: createLayerSets(path.join(workDirectory, 'layer-sets')),
      officialLayers: nodeOfThisProcess,
    });
    const functions: ReleasedFunction[] = [];
    for (const record of createFunctionRecords(database, Date.now).all()) {
      const plan = await planner.planOf(record);
      const bundleBytes = statSync(path.join(plan.codeDirectory, 'index.js')).size;
      functions.push({ plan, zipBytes: record.code.size, bundleBytes });
    }
    const released = layers.all().map(({ code: { size, digest } }) => ({
      zipBytes: size,
      unpackedBytes: bytesIn(code.directoryOf(digest)),
    }));
    return { functions, layers: released };
  } finally {
    database.close();
  }
}
