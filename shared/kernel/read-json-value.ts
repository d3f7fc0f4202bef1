/** Whether a value that was parsed is an object: no list, and not null. */
export const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** The object that a value is; an empty one for anything else. */
export const recordIn = (value: unknown): Record<string, unknown> => (isRecord(value) ? value : {});

/** The string that a value is; undefined for anything else. */
export const textIn = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);
