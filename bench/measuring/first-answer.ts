import { randomUUID } from 'node:crypto';
import { text } from 'node:stream/consumers';
import { invokeEvent } from '../../local/aliyun/fc/event-invocation.ts';
import { fcHeaders } from '../../local/aliyun/fc/fc-headers.ts';
import { type FunctionInstance, type InstanceHost, startInstance } from '../../local/aliyun/fc/function-instance.ts';
import type { InstancePlan } from '../../local/aliyun/fc/instance-launch.ts';

export type FunctionKind = 'web' | 'event';

const PATIENCE_MS = 30_000;

async function ask(instance: FunctionInstance, kind: FunctionKind, signal: AbortSignal): Promise<void> {
  const requestId = randomUUID();
  if (kind === 'event') {
    const lease = { instance, release: () => {} };
    const { kind: outcome, body } = await invokeEvent(lease, {
      requestId,
      payload: Buffer.from('{}'),
      retryCount: 0,
      signal,
    });
    if (outcome !== 'success') throw new Error(`${instance.plan.functionName} failed: ${body}`);
    return;
  }
  const answer = await instance.request({
    method: 'GET',
    path: '/health/live',
    headers: { ...fcHeaders(instance.plan, '/http-invoke', requestId), host: 'localhost' },
    signal,
  });
  const body = await text(answer);
  if (answer.statusCode !== 200) throw new Error(`${instance.plan.functionName}: ${answer.statusCode} ${body}`);
}

/**
 * Milliseconds from starting a process of a function to its first answer: `/health/live` of a web function, an empty event for an
 * event function. Started and called as by the local Function Compute; checks every 5 ms whether the function listens.
 */
export async function firstAnswerMs(host: InstanceHost, plan: InstancePlan, kind: FunctionKind): Promise<number> {
  const signal = AbortSignal.timeout(PATIENCE_MS);
  const began = performance.now();
  const instance = await startInstance(host, plan, signal);
  try {
    await ask(instance, kind, signal);
    return performance.now() - began;
  } finally {
    await instance.end();
  }
}
