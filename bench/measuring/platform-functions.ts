import { readdirSync } from 'node:fs';
import path from 'node:path';
import { createAccount } from '../../local/aliyun/account.ts';
import { localSecretsOf } from '../../local/local-secrets.ts';
import { eventually } from '../../tests/e2e/eventually.ts';
import type { Platform } from '../../tests/e2e/start-platform.ts';

/** The state of the local Function Compute. */
export const fcStateOf = ({ home }: Platform) => path.join(home, 'cloud', 'fc');

/** The account whose cloud a platform runs in. */
export const accountOf = ({ home }: Platform) => createAccount(localSecretsOf(home).accountSeed);

async function connectFc(platform: Platform) {
  const { default: sdk } = await import('@alicloud/fc20230330');
  const { $OpenApiUtil } = (await import('@alicloud/openapi-core')).default;
  const { accessKeyId, accessKeySecret } = accountOf(platform).operator;
  // Every endpoint of the cloud is on the port that git is pushed to.
  const endpoint = `127.0.0.1:${new URL(platform.gitUrl).port}`;
  const client = new sdk.default(
    new $OpenApiUtil.Config({ endpoint, protocol: 'http', accessKeyId, accessKeySecret, regionId: 'cn-hangzhou' }),
  );
  return { client, sdk };
}

/** The variables of one of a platform's functions. */
export async function variablesOfFunction(platform: Platform, name: string): Promise<Record<string, string>> {
  const { client, sdk } = await connectFc(platform);
  const { body } = await client.getFunction(name, new sdk.GetFunctionRequest({}));
  return body?.environmentVariables ?? {};
}

/** The functions' settings for the cloud: the variables of `deploy`, which uses most of it. */
export async function variablesOf(platform: Platform): Promise<(name: string) => string> {
  const variables = await variablesOfFunction(platform, 'miaobu-deploy');
  return (name) => {
    const value = variables[name];
    if (!value) throw new Error(`miaobu-deploy has no ${name}`);
    return value;
  };
}

/**
 * Ends every instance of every function, as an update of their settings does (here: of the description, to its current
 * value). The next call of each starts a new one.
 */
export async function endEveryInstance(platform: Platform): Promise<void> {
  const { client, sdk } = await connectFc(platform);
  const { body } = await client.listFunctions(new sdk.ListFunctionsRequest({ limit: 100 }));
  for (const { functionName = '', description = '' } of body?.functions ?? []) {
    const request = new sdk.UpdateFunctionRequest({ body: new sdk.UpdateFunctionInput({ description }) });
    await client.updateFunction(functionName, request);
  }
  const homes = path.join(fcStateOf(platform), 'instances');
  await eventually(
    async () => (readdirSync(homes).length === 0 ? true : undefined),
    'every function instance has ended',
  );
}
