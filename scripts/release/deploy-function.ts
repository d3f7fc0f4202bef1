import { type Fc, ifThere } from './aliyun-clients.ts';
import { asyncInvokeConfigOf, functionSettingsOf, type TriggerInput, triggersOf } from './fc3-requests.ts';
import { packageChecksum } from './package-checksum.ts';
import type { FunctionProps } from './s-yaml-schema.ts';
import { differingSettings } from './same-settings.ts';

export interface DeployedFunction {
  readonly functionName: string;
  /** What had to be done, in words; empty when everything already matched s.yaml. */
  readonly changes: readonly string[];
  /** Where its HTTP trigger is reached. */
  readonly url: string | undefined;
}

/**
 * Brings one function in line with s.yaml: creates it, or updates what differs, with triggers, concurrency and the rules
 * for asynchronous calls. Like Serverless Devs, it leaves alone what s.yaml does not name.
 */
export async function deployFunction(fc: Fc, props: FunctionProps, zip: Buffer): Promise<DeployedFunction> {
  const { functionName } = props;
  const [settings, triggers, concurrency, asyncCalls] = [
    await deploySettings(fc, props, zip),
    ...(await Promise.all([deployTriggers(fc, props), deployConcurrency(fc, props), deployAsyncConfig(fc, props)])),
  ];
  return {
    functionName,
    changes: [...settings, ...triggers.changes, ...concurrency, ...asyncCalls],
    url: triggers.url,
  };
}

async function deploySettings({ client, sdk }: Fc, props: FunctionProps, zip: Buffer): Promise<string[]> {
  const wanted = functionSettingsOf(props);
  const checksum = packageChecksum(zip);
  const code = () => new sdk.InputCodeLocation({ zipFile: zip.toString('base64'), checksum });
  const found = await ifThere(client.getFunction(props.functionName, new sdk.GetFunctionRequest({})));
  if (!found?.body) {
    const body = new sdk.CreateFunctionInput({ ...wanted, code: code() });
    await client.createFunction(new sdk.CreateFunctionRequest({ body }));
    return ['created'];
  }
  const existing = { ...found.body, layers: found.body.layers?.map(({ arn }) => arn) };
  const differing = differingSettings(wanted, existing);
  const isNewCode = found.body.codeChecksum !== checksum;
  if (differing.length === 0 && !isNewCode) return [];
  const body = new sdk.UpdateFunctionInput({ ...wanted, ...(isNewCode ? { code: code() } : {}) });
  await client.updateFunction(props.functionName, new sdk.UpdateFunctionRequest({ body }));
  return isNewCode ? ['code', ...differing] : differing;
}

async function deployTriggers({ client, sdk }: Fc, props: FunctionProps) {
  const { functionName } = props;
  const changes: string[] = [];
  const deployTrigger = async (input: TriggerInput): Promise<string | undefined> => {
    const { triggerName, triggerType, ...settings } = input;
    const found = (await ifThere(client.getTrigger(functionName, triggerName)))?.body;
    if (!found) {
      changes.push(`trigger ${triggerName}`);
      const body = new sdk.CreateTriggerInput(input);
      const created = await client.createTrigger(functionName, new sdk.CreateTriggerRequest({ body }));
      return created.body?.httpTrigger?.urlInternet;
    }
    if (found.triggerType !== triggerType)
      throw new Error(`the trigger ${triggerName} of ${functionName} is of type ${found.triggerType}: delete it first`);
    if (differingSettings(parsed(input), parsed(found)).length > 0) {
      changes.push(`trigger ${triggerName}`);
      const body = new sdk.UpdateTriggerInput(settings);
      await client.updateTrigger(functionName, triggerName, new sdk.UpdateTriggerRequest({ body }));
    }
    return found.httpTrigger?.urlInternet;
  };
  const urls = await Promise.all(triggersOf(props).map(deployTrigger));
  return { changes, url: urls.find((url) => url !== undefined) };
}

const parsed = (trigger: { triggerConfig?: string; description?: string; qualifier?: string }) => ({
  triggerConfig: JSON.parse(trigger.triggerConfig ?? '{}'),
  description: trigger.description,
  qualifier: trigger.qualifier,
});

async function deployConcurrency({ client, sdk }: Fc, props: FunctionProps): Promise<string[]> {
  const { functionName, concurrencyConfig } = props;
  const found = await ifThere(client.getConcurrencyConfig(functionName));
  if (found?.body?.reservedConcurrency === concurrencyConfig.reservedConcurrency) return [];
  const body = new sdk.PutConcurrencyInput(concurrencyConfig);
  await client.putConcurrencyConfig(functionName, new sdk.PutConcurrencyConfigRequest({ body }));
  return ['concurrency'];
}

async function deployAsyncConfig({ client, sdk }: Fc, props: FunctionProps): Promise<string[]> {
  const { functionName } = props;
  const wanted = asyncInvokeConfigOf(props);
  if (!wanted) return [];
  const qualifier = 'LATEST';
  const request = new sdk.GetAsyncInvokeConfigRequest({ qualifier });
  const found = await ifThere(client.getAsyncInvokeConfig(functionName, request));
  if (found?.body && differingSettings(wanted, found.body).length === 0) return [];
  const body = new sdk.PutAsyncInvokeConfigInput({
    ...wanted,
    destinationConfig: new sdk.DestinationConfig(wanted.destinationConfig),
  });
  await client.putAsyncInvokeConfig(functionName, new sdk.PutAsyncInvokeConfigRequest({ qualifier, body }));
  return ['asynchronous calls'];
}
