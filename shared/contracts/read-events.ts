export interface RawEvent {
  readonly id: string | undefined;
  /** `message` if the stream names none. */
  readonly event: string;
  readonly data: string;
}

/**
 * Parses the server-sent events of a response body (https://html.spec.whatwg.org/multipage/server-sent-events.html §9.2.6). An event
 * cut off by the end of the stream is ignored. `onSilence` is called when nothing, not even a comment, arrived for that long: it should
 * abort the connection, so that reading fails.
 */
export async function* readEvents(
  body: ReadableStream<Uint8Array>,
  silenceMs: number,
  onSilence: () => void,
): AsyncGenerator<RawEvent> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let silence = setTimeout(onSilence, silenceMs);
  let partial = '';
  let block: string[] = [];
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      clearTimeout(silence);
      silence = setTimeout(onSilence, silenceMs);
      const text = partial + decoder.decode(value, { stream: true });
      // A carriage return at the very end may be the first half of a line break.
      const whole = text.endsWith('\r') ? text.slice(0, -1) : text;
      const lines = whole.split(/\r\n|\n|\r/);
      partial = (lines.pop() ?? '') + text.slice(whole.length);
      for (const line of lines) {
        if (line !== '') {
          block.push(line);
          continue;
        }
        const event = eventOf(block);
        block = [];
        if (event) yield event;
      }
    }
  } finally {
    clearTimeout(silence);
    await reader.cancel().catch(() => {});
  }
}

/** The lines between two empty ones as an event; undefined when they contain no data. */
function eventOf(lines: readonly string[]): RawEvent | undefined {
  let id: string | undefined;
  let event = 'message';
  const data: string[] = [];
  for (const line of lines) {
    const [, field, value = ''] = /^([^:]*)(?:: ?(.*))?$/s.exec(line) ?? [];
    if (field === 'id') id = value;
    else if (field === 'event') event = value;
    else if (field === 'data') data.push(value);
  }
  return data.length === 0 ? undefined : { id, event, data: data.join('\n') };
}
