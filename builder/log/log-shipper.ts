import { StringDecoder } from 'node:string_decoder';
import { LOG_LIMIT_BYTES } from '@miaobu/shared/contracts/build-job';
import { logCutNote, textHead } from '@miaobu/shared/kernel/text-head';
import { AttemptOver } from '../build-failure.ts';
import type { PlatformClient } from '../protocol/platform-client.ts';
import { hiddenTexts } from './hidden-texts.ts';
import { secretForms } from './secret-forms.ts';
import { createSecretMask, maskSecrets } from './secret-mask.ts';

const CHUNK_BYTES = 64 * 1024;
const FLUSH_MS = 300;
/** How long the end of a run waits for a log that cannot be delivered. */
const LAST_TRY_MS = 60_000;

export interface LogStream {
  write(bytes: Buffer): void;
  end(): void;
}

export interface LogShipper {
  /** One line of the builder's own. */
  line(text: string): void;
  /** Output of a command, shipped while it arrives. `seen` gets the same text as the log, secrets masked. */
  stream(seen?: (text: string) => void): LogStream;
  /** These are replaced by `***` from now on. */
  hide(values: readonly string[]): void;
  mask(text: string): string;
  /** Starts sending what has been collected, without waiting for it. */
  flush(): void;
  /** Sends everything and ends. Never throws: a log that cannot be delivered is no reason to fail a build. */
  close(): Promise<void>;
  /** Ends without sending what is left. */
  abandon(): void;
}

/** Sends the log as numbered chunks, one at a time and in order, each until it is taken. */
export function createLogShipper({
  client,
  token,
  limitBytes,
  over = () => {},
}: {
  client: Pick<PlatformClient, 'putLogChunk'>;
  token: string;
  limitBytes: number;
  /** Called when the platform answers that it needs nothing more from this run. */
  over?: (reason: AttemptOver) => void;
}): LogShipper {
  const limit = Math.min(limitBytes, LOG_LIMIT_BYTES);
  const cutNote = logCutNote(limit);
  const gone = new AbortController();
  const secrets = hiddenTexts();
  // Each stream has its own mask, so that two streams writing at the same time do not split a secret. This one finds what is complete
  // only when they come together.
  const together = createSecretMask(secrets);
  let waiting = '';
  let waitingBytes = 0;
  let roomBytes = limit - Buffer.byteLength(cutNote);
  let cut = false;
  let number = 0;
  let timer: NodeJS.Timeout | undefined;
  let sending: Promise<void> | undefined;

  const append = (text: string) => keep(together.push(text));

  function keep(text: string) {
    // Postgres cannot store U+0000, and no terminal shows it.
    const clean = text.replaceAll('\0', '');
    if (cut || clean === '' || gone.signal.aborted) return;
    const fitting = textHead(clean, roomBytes);
    cut = fitting.length < clean.length;
    waiting += cut ? fitting + cutNote : fitting;
    const bytes = Buffer.byteLength(fitting);
    roomBytes -= bytes;
    waitingBytes += cut ? bytes + Buffer.byteLength(cutNote) : bytes;
    if (waitingBytes >= CHUNK_BYTES) flush();
    else timer ??= setTimeout(flush, FLUSH_MS);
  }

  function flush() {
    clearTimeout(timer);
    timer = undefined;
    sending ??= send().finally(() => {
      sending = undefined;
      if (waiting !== '') timer ??= setTimeout(flush, FLUSH_MS);
    });
  }

  async function send() {
    while (waiting !== '' && !gone.signal.aborted) {
      const text = textHead(waiting, CHUNK_BYTES);
      const chunk = { at: new Date().toISOString(), text };
      waiting = waiting.slice(text.length);
      waitingBytes -= Buffer.byteLength(text);
      try {
        await client.putLogChunk(token, number, chunk, { signal: gone.signal, forMs: Number.POSITIVE_INFINITY });
        number += 1;
      } catch (error) {
        if (error instanceof AttemptOver) {
          over(error);
        } else if (!gone.signal.aborted) {
          console.error(`the log cannot be delivered: ${error instanceof Error ? error.message : error}`);
        }
        abandon();
      }
    }
  }

  function abandon() {
    gone.abort();
    clearTimeout(timer);
    timer = undefined;
    waiting = '';
  }

  const mask = (text: string) => maskSecrets(text, secrets);

  return {
    mask,
    flush,
    abandon,
    line: (text) => append(`${mask(text)}\n`),
    hide: (values) => secrets.add(secretForms(values)),
    stream(seen) {
      const decoder = new StringDecoder('utf8');
      const masked = createSecretMask(secrets);
      const show = (text: string) => {
        append(text);
        if (text !== '') seen?.(text);
      };
      return {
        write: (bytes) => show(masked.push(decoder.write(bytes))),
        end: () => show(masked.push(decoder.end()) + masked.end()),
      };
    },
    async close() {
      const giveUp = setTimeout(abandon, LAST_TRY_MS);
      keep(together.end());
      while (waiting !== '' || sending) {
        flush();
        await sending;
      }
      clearTimeout(giveUp);
      clearTimeout(timer);
    },
  };
}
