import { OssError } from './oss-error.ts';

/** A `multipart/form-data` upload, read up to where its file begins. */
export interface FormUpload {
  /** Every field before the file; names in lower case, as OSS takes them. */
  readonly fields: ReadonlyMap<string, string>;
  readonly fileName: string;
  /** The file as it streams in. */
  readonly content: AsyncIterable<Buffer>;
}

const MAX_FIELD_BYTES = 64 * 1024;
const MAX_FIELDS = 100;

/** Fields after the file are ignored, as by OSS. Specified in RFC 7578. */
export async function readFormUpload(body: AsyncIterable<Buffer>, contentType: string): Promise<FormUpload> {
  const [, quoted, bare] = /^multipart\/form-data;.*\bboundary=(?:"([^"]+)"|([^;\s]+))/i.exec(contentType) ?? [];
  const boundary = quoted ?? bare;
  if (!boundary) {
    throw new OssError(
      400,
      'RequestIsNotMultiPartContent',
      'Bucket POST must be of the enclosure-type multipart/form-data.',
    );
  }
  const delimiter = Buffer.from(`\r\n--${boundary}`);
  const reader = createReader(body);
  await reader.until(delimiter);
  const fields = new Map<string, string>();
  while (fields.size < MAX_FIELDS) {
    const afterDelimiter = await reader.until(Buffer.from('\r\n'));
    if (afterDelimiter.toString().trim() !== '') break;
    const head = (await reader.until(Buffer.from('\r\n\r\n'))).toString();
    const name = /\bname="([^"]*)"/i.exec(head)?.[1]?.toLowerCase();
    if (name === undefined) throw malformed();
    if (name === 'file') {
      const fileName = /\bfilename="([^"]*)"/i.exec(head)?.[1] ?? '';
      return { fields, fileName, content: reader.stream(delimiter) };
    }
    fields.set(name, (await reader.until(delimiter)).toString());
  }
  throw new OssError(400, 'InvalidArgument', 'POST requires exactly one file upload per request.', {
    ArgumentName: 'file',
  });
}

function createReader(body: AsyncIterable<Buffer>) {
  const source = body[Symbol.asyncIterator]();
  // The first delimiter has no line break before it; all others do.
  let buffered = Buffer.from('\r\n');

  const more = async () => {
    const { value, done } = await source.next();
    if (done) throw malformed();
    buffered = Buffer.concat([buffered, value]);
  };

  return {
    /** What comes before the mark; the mark itself is dropped. */
    async until(mark: Buffer): Promise<Buffer> {
      for (;;) {
        const at = buffered.indexOf(mark);
        if (at >= 0) {
          const found = buffered.subarray(0, at);
          buffered = buffered.subarray(at + mark.length);
          return found;
        }
        if (buffered.length > MAX_FIELD_BYTES) {
          throw new OssError(400, 'FieldItemTooLong', 'Your post form fields items size exceeds the maximum allowed.');
        }
        await more();
      }
    },
    async *stream(mark: Buffer): AsyncGenerator<Buffer> {
      for (;;) {
        const at = buffered.indexOf(mark);
        // The mark may span two chunks: its length is held back.
        const sure = at >= 0 ? at : Math.max(0, buffered.length - mark.length);
        if (sure > 0) yield buffered.subarray(0, sure);
        buffered = buffered.subarray(sure);
        if (at >= 0) return;
        await more();
      }
    },
  };
}

const malformed = () =>
  new OssError(400, 'MalformedPOSTRequest', 'The body of your POST request is not well-formed multipart/form-data.');
