/** What a terminal does not show: colours and other control sequences, and control characters except tab and line feed. */
const UNSEEN =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  /\u001b\[[0-?]*[ -/]*[@-~]|\u001b\][^\u0007\u001b]{0,512}(?:\u0007|\u001b\\)|\u001b[()][0-9A-Za-z]|[\u0000-\u0008\u000b-\u001f\u007f\u200b]/g;
/** A control sequence whose rest has not arrived yet. */
const UNFINISHED =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: as above
  /\u001b(?:\[[0-?]*[ -/]*|\][^\u0007\u001b]{0,512}\u001b?|[()])?$/;

export interface Run {
  readonly start: number;
  readonly end: number;
}

export interface Found {
  /** All ranges of the text that belong to something hidden, overlapping ones merged. */
  readonly runs: Run[];
  /** From this index on, the text may be the beginning of something hidden, or of a control sequence within it. */
  readonly open: number;
}

export interface HiddenTexts {
  add(texts: readonly string[]): void;
  find(text: string, covered?: number): Found;
}

const seen = (text: string) => text.replace(UNSEEN, '');

/** The visible characters of a text, and the index of each in it. */
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

const HEAD_CHARACTERS = 64;

/** Texts that share their first two characters: a long value of many lines has thousands of them. */
interface Bucket {
  /** The distinct prefixes of the texts, sorted. */
  readonly heads: readonly string[];
  /** By index of a head, the index of the longest other head that is its prefix, or -1. */
  readonly shorter: readonly number[];
  /** By index of a head, the texts that begin with it, for full heads only; longest first. */
  readonly texts: readonly (readonly string[])[];
}

function bucketOf(texts: readonly string[]): Bucket {
  const byHead = new Map<string, string[]>();
  for (const text of texts) {
    const head = text.slice(0, HEAD_CHARACTERS);
    const others = byHead.get(head);
    if (others) others.push(text);
    else byHead.set(head, [text]);
  }
  const heads = [...byHead.keys()].sort((a, b) => (a < b ? -1 : 1));
  const shorter: number[] = [];
  const beginnings: number[] = [];
  for (const [index, head] of heads.entries()) {
    while (beginnings.length > 0 && !head.startsWith(heads[beginnings.at(-1) ?? 0] ?? '')) beginnings.pop();
    shorter.push(beginnings.at(-1) ?? -1);
    beginnings.push(index);
  }
  const grouped = heads.map((head) => (byHead.get(head) ?? []).sort((a, b) => b.length - a.length));
  return { heads, shorter, texts: grouped };
}

/** How many of the sorted heads are less than or equal to `text`. */
function countUpTo(heads: readonly string[], text: string): number {
  let low = 0;
  let high = heads.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((heads[middle] ?? '') <= text) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The longest text found at `at` and, if `asked`, whether a longer one may match once more input arrives. */
function lookUp({ heads, shorter, texts }: Bucket, plain: string, at: number, asked: boolean) {
  const ahead = plain.slice(at, at + HEAD_CHARACTERS);
  const after = countUpTo(heads, ahead);
  let mayGrow = asked && at + HEAD_CHARACTERS > plain.length && heads[after]?.startsWith(ahead) === true;
  // A head that matches here is the one before that position, or one of its prefixes.
  for (let index = after - 1; index >= 0; index = shorter[index] ?? -1) {
    if (!ahead.startsWith(heads[index] ?? '')) continue;
    for (const text of texts[index] ?? []) {
      if (plain.startsWith(text, at)) return { length: text.length, mayGrow };
      mayGrow ||= asked && at + text.length > plain.length && text.startsWith(plain.slice(at));
    }
  }
  return { length: 0, mayGrow };
}

/**
 * A set of texts, each of at least two characters, that are found despite control sequences between their characters. They are
 * looked up by prefix, so that their number hardly matters.
 */
export function hiddenTexts(texts: readonly string[] = []): HiddenTexts {
  const known = new Map<number, Set<string>>();
  const byBeginning = new Map<number, Bucket>();
  const firsts = new Set<number>();
  const beginning = (text: string, at: number) => text.charCodeAt(at) * 0x1_0000 + text.charCodeAt(at + 1);

  function add(more: readonly string[]) {
    const changed = new Map<number, Set<string>>();
    for (const text of more.map(seen)) {
      if (text.length < 2) continue;
      const key = beginning(text, 0);
      const all = known.get(key) ?? new Set();
      known.set(key, all.add(text));
      changed.set(key, all);
      firsts.add(text.charCodeAt(0));
    }
    for (const [key, all] of changed) byBeginning.set(key, bucketOf([...all]));
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
        const bucket = byBeginning.get(beginning(plain, at));
        if (!bucket) continue;
        const { length, mayGrow } = lookUp(bucket, plain, at, at < open);
        if (length > 0) runs.push({ start: placeOf(at), end: placeOf(at + length - 1) + 1 });
        if (mayGrow) open = at;
      }
      return { runs: joined(runs), open: open === plain.length ? finished : placeOf(open) };
    },
  };
}
