/** Values by which Function Compute answers "not set", and by which fc3 asks for it. */
const BLANKS: readonly unknown[] = [undefined, null, '', 0, false, 'None', 'NONE', 'SHARE'];

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function isBlank(value: unknown): boolean {
  if (Array.isArray(value)) return value.every(isBlank);
  if (isObject(value)) return Object.values(value).every(isBlank);
  return BLANKS.includes(value);
}

/**
 * Whether a resource described by `found` already is as `wanted`. A setting that one of them leaves out, and the other
 * says is off or empty, is the same.
 */
export function sameSettings(wanted: unknown, found: unknown): boolean {
  if (isBlank(wanted) && isBlank(found)) return true;
  if (Array.isArray(wanted) && Array.isArray(found))
    return wanted.length === found.length && wanted.every((member, index) => sameSettings(member, found[index]));
  if (isObject(wanted) && isObject(found)) {
    const keys = new Set([...Object.keys(wanted), ...Object.keys(found)]);
    return [...keys].every((key) => sameSettings(wanted[key], found[key]));
  }
  return wanted === found;
}

/** The keys of `wanted` that differ in `found`; what only `found` has is ignored. */
export function differingSettings(wanted: object, found: object): string[] {
  const answers = new Map(Object.entries(found));
  return Object.entries(wanted).flatMap(([key, value]) => (sameSettings(value, answers.get(key)) ? [] : [key]));
}
