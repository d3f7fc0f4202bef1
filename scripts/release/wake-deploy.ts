import { Readable } from 'node:stream';
import { RuntimeOptions } from '@darabonba/typescript';
import type { Fc } from './aliyun-clients.ts';

/** Rings `deploy` as the platform itself does, without waiting for its work. */
export async function wakeDeploy({ client, sdk }: Fc, functionName: string): Promise<void> {
  await client.invokeFunctionWithOptions(
    functionName,
    new sdk.InvokeFunctionRequest({ body: Readable.from([Buffer.from('{}')]) }),
    new sdk.InvokeFunctionHeaders({ xFcInvocationType: 'Async' }),
    new RuntimeOptions({}),
  );
}
