/** The random numbers of one run, all determined by the seed. */
export interface SeededRandom {
  /** In [0, 1). */
  next(): number;
  chance(probability: number): boolean;
  /** A whole number from `low` to `high`, both included. */
  between(low: number, high: number): number;
  /** One of them; undefined of none. */
  pick<T>(choices: readonly T[]): T | undefined;
}

/** Mulberry32: 32 bits of state are plenty for an order of events, and every machine computes the same. */
export function seededRandom(seed: number): SeededRandom {
  let state = seed | 0;
  const next = () => {
    state = (state + 0x6d2b79f5) | 0;
    let bits = Math.imul(state ^ (state >>> 15), 1 | state);
    bits = (bits + Math.imul(bits ^ (bits >>> 7), 61 | bits)) ^ bits;
    return ((bits ^ (bits >>> 14)) >>> 0) / 2 ** 32;
  };
  const below = (limit: number) => Math.floor(next() * limit);
  return {
    next,
    chance: (probability) => next() < probability,
    between: (low, high) => low + below(high - low + 1),
    pick: (choices) => (choices.length === 0 ? undefined : choices[below(choices.length)]),
  };
}
