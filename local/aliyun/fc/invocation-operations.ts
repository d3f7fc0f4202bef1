import { type AsyncConfig, type AsyncConfigRecords, asyncConfigInput } from './async-config-records.ts';
import type { AsyncQueue } from './async-queue.ts';
import { type Operation, requireLatest } from './control-plane.ts';
import { invokeEvent, MAX_SYNC_BODY_BYTES } from './event-invocation.ts';
import { entityTooLarge, invalidArgument } from './fc-errors.ts';
import type { FunctionHost } from './function-host.ts';
import type { FunctionRecords } from './function-records.ts';
import { parseInput } from './function-settings.ts';

export interface InvocationOperationsOptions {
  readonly functions: FunctionRecords;
  readonly asyncConfigs: AsyncConfigRecords;
  readonly queue: AsyncQueue;
  readonly host: FunctionHost;
  readonly arnOf: (functionName: string) => string;
}

export function invocationOperations(options: InvocationOperationsOptions): Operation[] {
  const { functions, asyncConfigs, queue, host, arnOf } = options;
  const describe = (functionName: string, config: AsyncConfig) => ({ ...config, functionArn: arnOf(functionName) });
  const nameOf = (call: Parameters<Operation['run']>[0]) => {
    requireLatest(call);
    return functions.get(call.parameter('functionName')).functionName;
  };
  return [
    {
      method: 'POST',
      path: '/functions/:functionName/invocations',
      async run(call) {
        const functionName = nameOf(call);
        const { body: payload, requestId, signal, headers } = call;
        const type = String(headers['x-fc-invocation-type'] ?? 'Sync').toLowerCase();
        if (type === 'async') {
          const taskId = headers['x-fc-async-task-id']?.toString();
          queue.enqueue({ requestId, functionName, request: { kind: 'event' }, payload }, taskId);
          return { status: 202, headers: { 'x-fc-invocation-type': 'Async' }, raw: Buffer.alloc(0) };
        }
        if (type !== 'sync') throw invalidArgument(`x-fc-invocation-type '${type}' must be Sync or Async`);
        if (payload.length > MAX_SYNC_BODY_BYTES) throw entityTooLarge(MAX_SYNC_BODY_BYTES);
        const lease = await host.acquire(functionName, signal);
        const { instance } = lease;
        const { kind, body } = await invokeEvent(lease, { requestId, payload, retryCount: 0, signal });
        return {
          status: 200,
          raw: body,
          headers: {
            'content-type': 'application/octet-stream',
            'x-fc-invocation-type': 'Sync',
            'x-fc-instance-id': instance.id,
            'x-fc-code-checksum': instance.plan.codeChecksum,
            ...(kind === 'function-error' && { 'x-fc-error-type': 'UnhandledInvocationError' }),
          },
        };
      },
    },
    {
      method: 'PUT',
      path: '/functions/:functionName/async-invoke-config',
      run(call) {
        const functionName = nameOf(call);
        const { destinationConfig: _, ...config } = parseInput(asyncConfigInput, call.json());
        return { status: 200, json: describe(functionName, asyncConfigs.put(functionName, config)) };
      },
    },
    {
      method: 'GET',
      path: '/functions/:functionName/async-invoke-config',
      run(call) {
        const functionName = nameOf(call);
        return { status: 200, json: describe(functionName, asyncConfigs.get(functionName)) };
      },
    },
    {
      method: 'DELETE',
      path: '/functions/:functionName/async-invoke-config',
      run(call) {
        asyncConfigs.delete(nameOf(call));
        return { status: 204 };
      },
    },
  ];
}
