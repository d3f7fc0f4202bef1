import type { Fc } from './aliyun-clients.ts';
import { packageChecksum } from './package-checksum.ts';
import { LAYER_NAME } from './release-config.ts';

/** Publishes a version of the layer, unless the newest one has the same bytes. Resolves with its ARN. */
export async function publishLayer(fc: Fc, zip: Buffer): Promise<{ arn: string; isNew: boolean }> {
  const { client, sdk } = fc;
  const checksum = packageChecksum(zip);
  const newest = await newestVersion(fc);
  if (newest?.codeChecksum === checksum && newest.layerVersionArn) return { arn: newest.layerVersionArn, isNew: false };
  const { body: published } = await client.createLayerVersion(
    LAYER_NAME,
    new sdk.CreateLayerVersionRequest({
      body: new sdk.CreateLayerVersionInput({
        code: new sdk.InputCodeLocation({ zipFile: zip.toString('base64'), checksum }),
        compatibleRuntime: ['custom.debian11'],
        description: 'code that the functions of Miaobu share',
      }),
    }),
  );
  if (!published?.layerVersionArn) throw new Error('Function Compute names no ARN for the layer it took');
  return { arn: published.layerVersionArn, isNew: true };
}

/** The list is read to its end: its order is not documented, and fc3 does not rely on it. */
async function newestVersion({ client, sdk }: Fc) {
  const versions = [];
  let startVersion: string | undefined;
  do {
    const page = { limit: 100, ...(startVersion === undefined ? {} : { startVersion }) };
    const { body } = await client.listLayerVersions(LAYER_NAME, new sdk.ListLayerVersionsRequest(page));
    versions.push(...(body?.layers ?? []));
    startVersion = body?.nextVersion === undefined ? undefined : String(body.nextVersion);
  } while (startVersion !== undefined);
  return versions.sort((a, b) => (b.version ?? 0) - (a.version ?? 0))[0];
}
