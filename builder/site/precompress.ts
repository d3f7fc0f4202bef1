import { closeSync, openSync, readFileSync, writeSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';
import { inParallel } from '../upload/in-parallel.ts';
import type { CollectedFile } from './collect-output.ts';
import { type ContentDigests, digestsOf, SMALL_FILE_BYTES } from './content-digests.ts';
import { isCompressible } from './is-compressible.ts';

export type TwinName = 'br' | 'gzip';

/** A compressed form of a content, at `start` in the file of all twins. */
export interface Twin extends ContentDigests {
  readonly bytes: number;
  readonly start: number;
}
export type Twins = Readonly<Partial<Record<TwinName, Twin>>>;

/** Below this a file travels in one or two packets either way. */
const FROM_BYTES = 1024;
/** Every browser takes br; for the rest there is gzip where sending the file itself would hurt. Decision 10. */
const GZIP_FROM_BYTES = 64 * 1024;
/** The largest size of a twin, as a fraction of its content. */
const WORTH_IT = 0.9;

/**
 * Quality 11 makes text a tenth smaller than 5 and takes fifty times as long. The amount of text decides, not a clock: the same content has
 * to become the same bytes in every build, or all of them would be uploaded again.
 */
const SMALL_SITE_BYTES = 1024 * 1024;
const BEST = 11;
const FAST = 5;
const GZIP_LEVEL = 6;

/** The thread pool has four threads; while they work, the next files are read and finished ones are hashed. */
const PARALLEL = 8;

const brotliAsync = promisify(brotliCompress);
const gzipAsync = promisify(gzip);

function compressWith(quality: number) {
  return {
    br: (content: Buffer) =>
      brotliAsync(content, {
        params: {
          [constants.BROTLI_PARAM_QUALITY]: quality,
          [constants.BROTLI_PARAM_SIZE_HINT]: content.length,
        },
      }),
    gzip: (content: Buffer) => gzipAsync(content, { level: GZIP_LEVEL }),
  } satisfies Record<TwinName, (content: Buffer) => Promise<Buffer>>;
}

const shown = (bytes: number) =>
  bytes < 1_000_000 ? `${Math.ceil(bytes / 1000)} KB` : `${(bytes / 1_000_000).toFixed(1)} MB`;

/**
 * Makes the twins that are worth it, by the content's SHA-256, and writes them one after another to the new file `into`: a site's text may
 * be larger than memory should hold.
 */
export async function precompress(
  files: readonly CollectedFile[],
  { into, say, signal }: { into: string; say: (line: string) => void; signal: AbortSignal },
): Promise<ReadonlyMap<string, Twins>> {
  const began = performance.now();
  const worthTrying = files.filter(({ bytes, type }) => bytes >= FROM_BYTES && isCompressible(type));
  const contents = [...new Map(worthTrying.map((file) => [file.sha256, file])).values()];
  const made = new Map<string, Twins>();
  if (contents.length === 0) return made;

  const total = contents.reduce((sum, { bytes }) => sum + bytes, 0);
  const quality = total <= SMALL_SITE_BYTES ? BEST : FAST;
  const compress = compressWith(quality);
  const file = openSync(into, 'wx', 0o600);
  let end = 0;
  let before = 0;
  let after = 0;

  function write(content: Buffer): Twin {
    const start = end;
    end += content.length;
    for (let written = 0; written < content.length; ) {
      written += writeSync(file, content, written, content.length - written, start + written);
    }
    return { ...digestsOf(content), bytes: content.length, start };
  }

  try {
    await inParallel(contents, PARALLEL, async ({ source, sha256, bytes }) => {
      signal.throwIfAborted();
      const content = bytes <= SMALL_FILE_BYTES ? readFileSync(source) : await readFile(source);
      const names: readonly TwinName[] = bytes >= GZIP_FROM_BYTES ? ['br', 'gzip'] : ['br'];
      const twins: Partial<Record<TwinName, Twin>> = {};
      for (const name of names) {
        const compressed = await compress[name](content);
        if (compressed.length <= bytes * WORTH_IT) twins[name] = write(compressed);
      }
      if (!twins.br) return;
      before += bytes;
      after += twins.br.bytes;
      made.set(sha256, twins);
    });
  } finally {
    closeSync(file);
  }
  if (made.size > 0) {
    const seconds = ((performance.now() - began) / 1000).toFixed(1);
    say(
      `Compressed ${made.size} file${made.size === 1 ? '' : 's'} from ${shown(before)} to ${shown(after)} in ${seconds} s (br ${quality})`,
    );
  }
  return made;
}
