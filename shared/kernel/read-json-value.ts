/** Whether a parsed value is an object: not a list, and not null. */
export const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** The value if it is an object, else an empty object. */
export const recordIn = (value: unknown): Record<string, unknown> => (isRecord(value) ? value : {});

/** The value if it is a string, else undefined. */
export const textIn = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);
