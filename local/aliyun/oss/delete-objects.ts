import { createHash } from 'node:crypto';
import { bodyOf, bucketOf, digestCheck, type Operation, objectAddress, sendEmpty, sendXml } from './object-storage.ts';
import { OssError } from './oss-error.ts';
import { checkObjectKey, type OssRequest } from './oss-request.ts';
import { childText, parseXml, type XmlElement, xmlDocument } from './oss-xml.ts';

const MAX_KEYS = 1000;
const MAX_DOCUMENT_BYTES = 2 * 1024 * 1024;

/** DeleteObject: 204 also for what was not there. */
export const deleteObject: Operation = (storage, request, response) => {
  const { bucket, key } = objectAddress(storage, request);
  storage.blobs.remove(storage.state.removeObjects(bucket, [key]));
  sendEmpty(response, 204);
};

/** DeleteMultipleObjects: names every key as deleted, unless asked to be quiet. */
export const deleteMultipleObjects: Operation = async (storage, request, response) => {
  const bucket = bucketOf(storage, request);
  const document = await readDocument(request, 'Delete');
  const keys = document.children
    .filter((child) => child.name === 'Object')
    .map((object) => childText(object, 'Key') ?? '');
  if (keys.length === 0 || keys.length > MAX_KEYS) throw malformedXml();
  keys.forEach(checkObjectKey);
  storage.blobs.remove(storage.state.removeObjects(bucket, keys));
  const isQuiet = childText(document, 'Quiet') === 'true';
  if (isQuiet) sendEmpty(response, 200);
  else sendXml(response, xmlDocument('DeleteResult', { Deleted: keys.map((key) => ({ Key: key })) }));
};

/** The body as an XML document with that root; `MalformedXML` otherwise. */
export async function readDocument(request: OssRequest, root: string): Promise<XmlElement> {
  const check = digestCheck(request);
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of bodyOf(request)) {
    size += chunk.length;
    if (size > MAX_DOCUMENT_BYTES) throw malformedXml();
    chunks.push(chunk);
  }
  const bytes = Buffer.concat(chunks);
  check({ md5: createHash('md5').update(bytes).digest('hex') });
  const document = parseXml(bytes.toString());
  if (document?.name !== root) throw malformedXml();
  return document;
}

const malformedXml = () =>
  new OssError(
    400,
    'MalformedXML',
    'The XML you provided was not well-formed or did not validate against our published schema.',
  );
