/**
 * How long a test waits for what is bound to happen: the options of `vi.waitUntil`, `vi.waitFor` and `expect.poll`, whose default
 * of one second is over before a busy machine has come to it. Less than the time limit of a test, which would not say which wait
 * was in vain.
 */
export const PATIENCE = { timeout: 25_000 } as const;
