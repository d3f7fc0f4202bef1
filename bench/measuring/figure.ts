/** What a figure has to be. In the figure's unit; the median is compared. */
export interface Target {
  readonly relation: '<' | '≤' | '≥';
  readonly value: number;
}

/** One thing that was measured, several times. */
export interface Figure {
  readonly name: string;
  readonly unit: string;
  /** In the order they were taken. */
  readonly samples: readonly number[];
  readonly target?: Target;
  /** Notes needed to read it. */
  readonly note?: string;
}

/** A part of the bench that can be run alone. It starts what it needs, and leaves nothing behind. */
export interface Suite {
  readonly name: string;
  /** One sentence: what is measured. */
  readonly about: string;
  /** `say` shows progress to the user. Rejects when what it measures does not work. */
  run(say: (line: string) => void): Promise<readonly Figure[]>;
}

export interface Spread {
  readonly min: number;
  readonly median: number;
  readonly max: number;
}

/** Throws for no samples: nothing was measured. */
export function spreadOf(samples: readonly number[]): Spread {
  const sorted = samples.toSorted((a, b) => a - b);
  const [min] = sorted;
  const max = sorted.at(-1);
  if (min === undefined || max === undefined) throw new Error('a figure without samples');
  return { min, median: quantile(sorted, 0.5), max };
}

/** Linear between the two nearest of ascending `sorted`; the median of an even number is the middle of the middle two. */
export function quantile(sorted: readonly number[], share: number): number {
  const place = share * (sorted.length - 1);
  const below = sorted[Math.floor(place)] ?? Number.NaN;
  const above = sorted[Math.ceil(place)] ?? Number.NaN;
  return below + (above - below) * (place - Math.floor(place));
}

/** Whether the median meets the target; undefined without a target. */
export function meetsTarget({ samples, target }: Figure): boolean | undefined {
  if (!target) return undefined;
  const { median } = spreadOf(samples);
  switch (target.relation) {
    case '<':
      return median < target.value;
    case '≤':
      return median <= target.value;
    case '≥':
      return median >= target.value;
  }
}
