import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { RuntimeOptions } from '@darabonba/typescript';
import * as z from 'zod';
import type { Fc } from './aliyun-clients.ts';

/** The answer of the function `migrate` on success: names of migrations. */
const migrated = z.object({ applied: z.array(z.string()) });

/**
 * Calls the function `migrate` and waits for it. Function Compute answers 200 even for a function that failed: a header says
 * so, and a `migrate` that gave up does not answer with a list of migrations.
 */
export async function callMigrate(
  { client, sdk }: Fc,
  functionName: string,
  event: unknown,
): Promise<readonly string[]> {
  const { body, headers = {} } = await client.invokeFunctionWithOptions(
    functionName,
    new sdk.InvokeFunctionRequest({ body: Readable.from([Buffer.from(JSON.stringify(event))]) }),
    new sdk.InvokeFunctionHeaders({ xFcInvocationType: 'Sync', xFcLogType: 'Tail' }),
    new RuntimeOptions({}),
  );
  const answer = body ? await text(body) : '';
  if (headers['x-fc-error-type'] === undefined) {
    const parsed = migrated.safeParse(jsonOf(answer));
    if (parsed.success) return parsed.data.applied;
  }
  const log = Buffer.from(headers['x-fc-log-result'] ?? '', 'base64').toString();
  throw new Error(`${functionName} failed: ${[answer, log].filter(Boolean).join('\n')}`);
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
