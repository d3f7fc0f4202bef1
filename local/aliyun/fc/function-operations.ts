import * as z from 'zod';
import { AcsError } from '../../wire/acs3.ts';
import { codeInput, type ObjectReader, storeCode } from './code-input.ts';
import type { CodeStore } from './code-store.ts';
import { type Operation, readLimit, requireLatest } from './control-plane.ts';
import type { FunctionHost } from './function-host.ts';
import type { FunctionRecord, FunctionRecords } from './function-records.ts';
import { functionName, functionSettings, parseInput } from './function-settings.ts';
import type { TriggerRecords } from './trigger-records.ts';

export interface FunctionOperationsOptions {
  readonly functions: FunctionRecords;
  readonly triggers: TriggerRecords;
  readonly code: CodeStore;
  readonly objects: ObjectReader | undefined;
  readonly host: FunctionHost;
  /** Throws when there is no such layer. */
  readonly layerSize: (arn: string) => number;
  readonly arnOf: (functionName: string) => string;
}

const createInput = z.looseObject({ functionName, code: codeInput });
const updateInput = z.looseObject({ code: codeInput.optional() });
const concurrencyInput = z.object({ reservedConcurrency: z.int().min(1) });

export function functionOperations(options: FunctionOperationsOptions): Operation[] {
  const { functions, triggers, code, objects, host, layerSize, arnOf } = options;

  const describe = ({ settings, code: stored, ...record }: FunctionRecord) => ({
    ...settings,
    ...record,
    layers: settings.layers.map((arn) => ({ arn, size: layerSize(arn) })),
    functionArn: arnOf(record.functionName),
    codeChecksum: stored.checksum,
    codeSize: stored.size,
    state: 'Active',
    lastUpdateStatus: 'Successful',
  });
  const readSettings = (value: unknown) => {
    const settings = parseInput(functionSettings, value);
    for (const arn of settings.layers) layerSize(arn);
    return settings;
  };
  const describeConcurrency = (name: string) => {
    const reservedConcurrency = functions.reservedConcurrency(functions.get(name).functionName);
    if (reservedConcurrency === undefined)
      throw new AcsError(404, 'ConcurrencyConfigNotExists', `function '${name}' has no reserved concurrency`);
    return { functionArn: arnOf(name), reservedConcurrency };
  };

  return [
    {
      method: 'POST',
      path: '/functions',
      async run(call) {
        const input = parseInput(createInput, call.json());
        const settings = readSettings(input);
        const stored = await storeCode(input.code, code, objects);
        return { status: 200, json: describe(functions.create(input.functionName, settings, stored)) };
      },
    },
    {
      method: 'GET',
      path: '/functions',
      run(call) {
        const limit = readLimit(call, 20);
        const after = Buffer.from(call.query.get('nextToken') ?? '', 'base64url').toString();
        const found = functions.list({ prefix: call.query.get('prefix') ?? '', after, limit: limit + 1 });
        const page = found.slice(0, limit);
        const last = found.length > limit ? page.at(-1) : undefined;
        const nextToken = last && Buffer.from(last.functionName).toString('base64url');
        return { status: 200, json: { functions: page.map(describe), nextToken } };
      },
    },
    {
      method: 'GET',
      path: '/functions/:functionName',
      run(call) {
        requireLatest(call);
        return { status: 200, json: describe(functions.get(call.parameter('functionName'))) };
      },
    },
    {
      method: 'PUT',
      path: '/functions/:functionName',
      async run(call) {
        const name = call.parameter('functionName');
        const input = parseInput(updateInput, call.json());
        readSettings({ ...functions.get(name).settings, ...input });
        const stored = input.code && (await storeCode(input.code, code, objects));
        // Read again: another update may have finished while the code was unpacked.
        const before = functions.get(name);
        const settings = readSettings({ ...before.settings, ...input });
        const record = functions.update(name, settings, stored ?? before.code);
        await host.refresh(name);
        return { status: 200, json: describe(record) };
      },
    },
    {
      method: 'DELETE',
      path: '/functions/:functionName',
      run(call) {
        const name = call.parameter('functionName');
        functions.get(name);
        const left = triggers.list(name).map(({ triggerName }) => triggerName);
        if (left.length > 0)
          throw new AcsError(412, 'PreconditionFailed', `function '${name}' still has triggers: ${left.join(', ')}`);
        functions.delete(name);
        host.remove(name);
        return { status: 204 };
      },
    },
    {
      method: 'PUT',
      path: '/functions/:functionName/concurrency',
      async run(call) {
        const name = functions.get(call.parameter('functionName')).functionName;
        functions.reserveConcurrency(name, parseInput(concurrencyInput, call.json()).reservedConcurrency);
        await host.refresh(name);
        return { status: 200, json: describeConcurrency(name) };
      },
    },
    {
      method: 'GET',
      path: '/functions/:functionName/concurrency',
      run: (call) => ({ status: 200, json: describeConcurrency(call.parameter('functionName')) }),
    },
    {
      method: 'DELETE',
      path: '/functions/:functionName/concurrency',
      async run(call) {
        const name = functions.get(call.parameter('functionName')).functionName;
        functions.reserveConcurrency(name, undefined);
        await host.refresh(name);
        return { status: 204 };
      },
    },
  ];
}
