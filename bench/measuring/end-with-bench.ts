const ends = new Set<() => Promise<void>>();

/** `end`, called at most once: by the code that started something, or by a bench that is stopped half-way. */
export function endWithBench(end: () => Promise<void>): () => Promise<void> {
  const once = async () => {
    if (ends.delete(once)) await end();
  };
  ends.add(once);
  return once;
}

export const endEverything = () => Promise.allSettled([...ends].map((end) => end()));
