import type { Account } from '../account.ts';
import type { CodeStore } from './code-store.ts';
import type { FunctionRecord } from './function-records.ts';
import type { InstancePlan } from './instance-launch.ts';
import type { LayerRecords } from './layer-records.ts';
import type { LayerContent, LayerSets } from './layer-sets.ts';
import { type OfficialLayers, officialLayerLinks } from './official-layers.ts';

export interface InstancePlannerOptions {
  readonly account: Account;
  readonly region: string;
  readonly code: CodeStore;
  readonly layers: LayerRecords;
  readonly layerSets: LayerSets;
  readonly officialLayers: OfficialLayers;
}

export interface InstancePlanner {
  /** Bytes of a layer's package; nothing for an official one, which is not downloaded. Throws when there is none. */
  layerSize(arn: string): number;
  /** How to start a function as it is configured now; its layers are merged by then. */
  planOf(record: FunctionRecord): Promise<InstancePlan>;
}

export function instancePlanner(options: InstancePlannerOptions): InstancePlanner {
  const { account, region, code, layers, layerSets, officialLayers } = options;
  const contentOf = (arn: string): LayerContent => {
    const links = officialLayerLinks(officialLayers, region, arn);
    if (links) return { kind: 'links', links };
    return { kind: 'directory', directory: code.directoryOf(layers.getByArn(arn).code.digest) };
  };
  return {
    layerSize: (arn) => (officialLayerLinks(officialLayers, region, arn) ? 0 : layers.getByArn(arn).code.size),
    async planOf({ functionName, settings, code: stored }) {
      const { customRuntimeConfig, instanceLifecycleConfig } = settings;
      const command = customRuntimeConfig?.command ?? [];
      return {
        functionName,
        handler: settings.handler,
        memorySize: settings.memorySize,
        timeout: settings.timeout,
        concurrency: settings.instanceConcurrency,
        command: [...(command.length > 0 ? command : ['/code/bootstrap']), ...(customRuntimeConfig?.args ?? [])],
        environmentVariables: settings.environmentVariables,
        port: customRuntimeConfig?.port ?? 9000,
        initializerTimeout: instanceLifecycleConfig?.initializer?.timeout,
        preStopTimeout: instanceLifecycleConfig?.preStop?.timeout,
        codeDirectory: code.directoryOf(stored.digest),
        optDirectory: await layerSets.merge(settings.layers.map(contentOf)),
        codeChecksum: stored.checksum,
        credentials: settings.role ? account.roleCredentials(settings.role) : undefined,
        region,
        accountId: account.accountId,
      };
    },
  };
}
