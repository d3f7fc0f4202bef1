/** What a terminal does not show: colours and other control sequences, and control characters except tab and line feed. */
const UNSEEN =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  /\u001b\[[0-?]*[ -/]*[@-~]|\u001b\][^\u0007\u001b]{0,512}(?:\u0007|\u001b\\)|\u001b[()][0-9A-Za-z]|[\u0000-\u0008\u000b-\u001f\u007f\u200b]/g;
/** A control sequence of which the rest has yet to come. */
const UNFINISHED =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: as above
  /\u001b(?:\[[0-?]*[ -/]*|\][^\u0007\u001b]{0,512}\u001b?|[()])?$/;

export interface Run {
  readonly start: number;
  readonly end: number;
}

export interface Found {
  /** Every stretch of the text that belongs to something hidden, overlapping ones joined. */
  readonly runs: Run[];
  /** From here on the text may be the beginning of something hidden, or of a control sequence within it. */
  readonly open: number;
}

export interface HiddenTexts {
  add(texts: readonly string[]): void;
  find(text: string, covered?: number): Found;
}

const seen = (text: string) => text.replace(UNSEEN, '');

/** The characters of a text that are seen, and where each of them is in it. */
function seenWithPlaces(text: string): { plain: string; placeOf: (index: number) => number } {
  let plain = '';
  let from = 0;
  const places: number[] = [];
  const take = (to: number) => {
    plain += text.slice(from, to);
    for (let at = from; at < to; at++) places.push(at);
  };
  for (const { index, 0: sequence } of text.matchAll(UNSEEN)) {
    take(index);
    from = index + sequence.length;
  }
  if (from === 0) return { plain: text, placeOf: (index) => index };
  take(text.length);
  return { plain, placeOf: (index) => places[index] ?? text.length };
}

function joined(runs: readonly Run[]): Run[] {
  const result: Run[] = [];
  for (const run of runs.toSorted((a, b) => a.start - b.start)) {
    const last = result.at(-1);
    if (last && run.start < last.end) {
      result[result.length - 1] = { start: last.start, end: Math.max(last.end, run.end) };
    } else {
      result.push(run);
    }
  }
  return result;
}

/**
 * A set of texts, each of two characters or more, that are found whatever control sequences are between their characters. They are
 * looked up by their first two characters, so that their number hardly matters.
 */
export function hiddenTexts(texts: readonly string[] = []): HiddenTexts {
  const known = new Set<string>();
  const byBeginning = new Map<number, string[]>();
  const firsts = new Set<number>();
  const beginning = (text: string, at: number) => text.charCodeAt(at) * 0x1_0000 + text.charCodeAt(at + 1);

  function add(more: readonly string[]) {
    for (const text of more.map(seen)) {
      if (text.length < 2 || known.has(text)) continue;
      known.add(text);
      firsts.add(text.charCodeAt(0));
      const others = byBeginning.get(beginning(text, 0)) ?? [];
      byBeginning.set(
        beginning(text, 0),
        [...others, text].sort((a, b) => b.length - a.length),
      );
    }
  }
  add(texts);

  return {
    add,
    find(text, covered = 0) {
      const finished = UNFINISHED.exec(text)?.index ?? text.length;
      const { plain, placeOf } = seenWithPlaces(text.slice(0, finished));
      const runs: Run[] = covered > 0 ? [{ start: 0, end: covered }] : [];
      let open = plain.length;
      for (let at = 0; at < plain.length; at++) {
        if (at === plain.length - 1) {
          if (firsts.has(plain.charCodeAt(at))) open = Math.min(open, at);
          break;
        }
        for (const hidden of byBeginning.get(beginning(plain, at)) ?? []) {
          if (plain.startsWith(hidden, at)) {
            // The others that begin here are shorter.
            runs.push({ start: placeOf(at), end: placeOf(at + hidden.length - 1) + 1 });
            break;
          }
          if (at < open && at + hidden.length > plain.length && hidden.startsWith(plain.slice(at))) open = at;
        }
      }
      return { runs: joined(runs), open: open === plain.length ? finished : placeOf(open) };
    },
  };
}
