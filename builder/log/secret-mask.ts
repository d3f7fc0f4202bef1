/** Shorter values occur in any text by chance; masking them would hide the log, not the secret. */
const SHORTEST_SECRET_BYTES = 6;
const MASK = '***';
/** A run of matches is not held back beyond this, so that endless repetition of a secret cannot fill the memory. */
const HOLD_LIMIT = 64 * 1024;

/** The texts to hide for these values: each value, its lines, and the forms that tools commonly print it in. */
export function secretTexts(values: readonly string[]): string[] {
  const texts = new Set<string>();
  for (const value of values) {
    const forms = [value, ...value.split(/\r?\n/).map((line) => line.trim())];
    if (Buffer.byteLength(value) >= SHORTEST_SECRET_BYTES) {
      forms.push(encodeURIComponent(Buffer.from(value).toString()), JSON.stringify(value).slice(1, -1));
      forms.push(Buffer.from(value).toString('base64'));
    }
    for (const form of forms) if (Buffer.byteLength(form) >= SHORTEST_SECRET_BYTES) texts.add(form);
  }
  return [...texts];
}

interface Run {
  readonly start: number;
  readonly end: number;
}

/** Every stretch of the text that belongs to some secret, overlapping ones joined. */
function runsOf(text: string, secrets: readonly string[]): Run[] {
  const found: Run[] = [];
  for (const secret of secrets) {
    for (let at = text.indexOf(secret); at !== -1; at = text.indexOf(secret, at + 1)) {
      found.push({ start: at, end: at + secret.length });
    }
  }
  const joined: Run[] = [];
  for (const run of found.sort((a, b) => a.start - b.start)) {
    const last = joined.at(-1);
    if (last && run.start < last.end)
      joined[joined.length - 1] = { start: last.start, end: Math.max(last.end, run.end) };
    else joined.push(run);
  }
  return joined;
}

/** How many characters at the end of the text may be the beginning of a secret. */
function openEnd(text: string, secrets: readonly string[]): number {
  let longest = 0;
  for (const secret of secrets) {
    for (let length = Math.min(secret.length - 1, text.length); length > longest; length--) {
      if (text.endsWith(secret.slice(0, length))) longest = length;
    }
  }
  return longest;
}

function render(text: string, runs: readonly Run[]): string {
  let shown = '';
  let from = 0;
  for (const { start, end } of runs) {
    shown += text.slice(from, start) + MASK;
    from = end;
  }
  return shown + text.slice(from);
}

export interface SecretMask {
  /** What may be shown by now: text that could be the beginning of a secret is held back until more is known. */
  push(text: string): string;
  /** The rest. */
  end(): string;
}

/** Replaces secrets in a text that arrives piece by piece, however it is cut. One mask serves one stream. */
export function createSecretMask(secrets: readonly string[]): SecretMask {
  let pending = '';
  return {
    push(text) {
      pending += text;
      const runs = runsOf(pending, secrets);
      let cut = pending.length > HOLD_LIMIT ? pending.length : pending.length - openEnd(pending, secrets);
      // A match that reaches into what is held back may still grow.
      const growing = runs.find((run) => run.start < cut && run.end > cut);
      if (growing) cut = growing.start;
      const shown = render(
        pending.slice(0, cut),
        runs.filter((run) => run.end <= cut),
      );
      pending = pending.slice(cut);
      return shown;
    },
    end() {
      const shown = render(pending, runsOf(pending, secrets));
      pending = '';
      return shown;
    },
  };
}

/** Masks a text that is complete. */
export const maskSecrets = (text: string, secrets: readonly string[]) => render(text, runsOf(text, secrets));
