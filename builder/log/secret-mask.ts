import type { HiddenTexts, Run } from './hidden-texts.ts';

const MASK = '***';
/** A run of matches is not held back beyond this, so that endless repetition of a secret cannot fill the memory. */
const HOLD_LIMIT = 256 * 1024;

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
  /** The text that may be shown: text that could be the beginning of a secret is held back until more arrives. */
  push(text: string): string;
  /** The rest. */
  end(): string;
}

/**
 * Replaces secrets in a text that arrives piece by piece, however it is cut. One mask serves one stream; what is hidden may
 * grow meanwhile.
 */
export function createSecretMask(hidden: HiddenTexts): SecretMask {
  let pending = '';
  /** How much at the beginning of `pending` belongs to a secret whose first part was already replaced. */
  let covered = 0;

  function show(runs: readonly Run[], cut: number): string {
    const before = runs.filter((run) => run.start < cut).map((run) => ({ ...run, end: Math.min(run.end, cut) }));
    const shown = render(pending.slice(0, cut), before);
    covered = Math.max(0, (runs.find((run) => run.start < cut && run.end > cut)?.end ?? cut) - cut);
    pending = pending.slice(cut);
    return shown;
  }

  return {
    push(text) {
      pending += text;
      const { runs, open } = hidden.find(pending, covered);
      // A match that reaches into what is held back may still grow.
      const growing = runs.find((run) => run.start < open && run.end > open);
      return show(runs, growing && pending.length <= HOLD_LIMIT ? growing.start : open);
    },
    end: () => show(hidden.find(pending, covered).runs, pending.length),
  };
}

/** Masks a text that is complete. */
export const maskSecrets = (text: string, hidden: HiddenTexts) => render(text, hidden.find(text).runs);
