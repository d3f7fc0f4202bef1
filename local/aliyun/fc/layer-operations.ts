import * as z from 'zod';
import { codeInput, type ObjectReader, storeCode } from './code-input.ts';
import type { CodeStore } from './code-store.ts';
import { type Operation, readLimit } from './control-plane.ts';
import { invalidArgument } from './fc-errors.ts';
import { parseInput } from './function-settings.ts';
import { type LayerRecords, type LayerVersion, layerName } from './layer-records.ts';

const createInput = z.object({
  code: codeInput,
  compatibleRuntime: z.array(z.string()).optional(),
  description: z.string().optional(),
  license: z.string().optional(),
});

const describe = ({ code, ...layer }: LayerVersion) => ({
  ...layer,
  acl: '0',
  codeChecksum: code.checksum,
  codeSize: code.size,
});

export function layerOperations(
  layers: LayerRecords,
  store: CodeStore,
  objects: ObjectReader | undefined,
): Operation[] {
  const versionOf = (text: string) => {
    if (!/^\d+$/.test(text)) throw invalidArgument(`'${text}' is not a version number`);
    return Number(text);
  };
  return [
    {
      method: 'POST',
      path: '/layers/:layerName/versions',
      async run(call) {
        const name = parseInput(layerName, call.parameter('layerName'));
        const { code, ...input } = parseInput(createInput, call.json());
        return {
          status: 200,
          json: describe(layers.publish(name, { ...input, code: await storeCode(code, store, objects) })),
        };
      },
    },
    {
      method: 'GET',
      path: '/layers/:layerName/versions',
      run(call) {
        const limit = readLimit(call, 20);
        const start = call.query.get('startVersion');
        const found = layers.list(call.parameter('layerName'), start ? versionOf(start) : undefined, limit + 1);
        return {
          status: 200,
          json: { layers: found.slice(0, limit).map(describe), nextVersion: found[limit]?.version },
        };
      },
    },
    {
      method: 'GET',
      path: '/layers/:layerName/versions/:version',
      run: (call) => ({
        status: 200,
        json: describe(layers.get(call.parameter('layerName'), versionOf(call.parameter('version')))),
      }),
    },
    {
      method: 'GET',
      path: '/layerarn/:arn',
      run: (call) => ({ status: 200, json: describe(layers.getByArn(call.parameter('arn'))) }),
    },
  ];
}
