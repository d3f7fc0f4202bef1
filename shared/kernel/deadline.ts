/** A moment by which something has to be done, measured on this process's monotonic clock. */
export interface Deadline {
  /** Negative once it has passed. */
  remainingMs(): number;
}

/** So many milliseconds from now. */
export function deadlineIn(milliseconds: number): Deadline {
  const at = performance.now() + milliseconds;
  return { remainingMs: () => at - performance.now() };
}

/** Waits for `work` until the deadline at the latest; then `undefined`, and what becomes of `work` is ignored. */
export async function settledBy<T>(deadline: Deadline, work: Promise<T>): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const passed = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), Math.max(0, deadline.remainingMs()));
  });
  try {
    return await Promise.race([work, passed]);
  } finally {
    clearTimeout(timer);
  }
}
