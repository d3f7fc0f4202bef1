import * as z from 'zod';
import type { CodeStore, StoredCode } from './code-store.ts';
import { invalidArgument } from './fc-errors.ts';

/** Reads objects of the account's OSS. Undefined for one that does not exist. */
export interface ObjectReader {
  readObject(bucket: string, key: string): { readonly body: AsyncIterable<Buffer> } | undefined;
}

/** `code` of CreateFunction, UpdateFunction and CreateLayerVersion. */
export const codeInput = z.object({
  zipFile: z.base64().optional(),
  ossBucketName: z.string().optional(),
  ossObjectName: z.string().optional(),
  checksum: z.string().optional(),
});

/** Fetches and unpacks a code package, given inline or as an object of OSS. Throws `InvalidArgument`. */
export async function storeCode(
  { zipFile, ossBucketName, ossObjectName, checksum }: z.output<typeof codeInput>,
  store: CodeStore,
  objects: ObjectReader | undefined,
): Promise<StoredCode> {
  if (zipFile !== undefined) return store.add(Buffer.from(zipFile, 'base64'), checksum);
  if (!ossBucketName || !ossObjectName)
    throw invalidArgument('code must be given as zipFile, or as ossBucketName and ossObjectName');
  if (!objects) throw invalidArgument('this Function Compute has no OSS to read code from');
  const object = objects.readObject(ossBucketName, ossObjectName);
  if (!object) throw invalidArgument(`the object '${ossObjectName}' does not exist in bucket '${ossBucketName}'`);
  const chunks: Buffer[] = [];
  for await (const chunk of object.body) chunks.push(chunk);
  return store.add(Buffer.concat(chunks), checksum);
}
