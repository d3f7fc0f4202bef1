/**
 * Names that affect how programs start, or belong to the operator: setting them would let a build or a site reach beyond itself.
 * Case-insensitive, because some systems are.
 */
const RESERVED = /^(PATH|HOME|TMPDIR|ENV|BASH_ENV|NODE_OPTIONS|(MIAOBU|LD|DYLD|GITHUB|RUNNER|ACTIONS|FC|ALIBABA)_.*)$/i;
const FORM = /^[A-Za-z_][A-Za-z0-9_]{0,127}$/;

/** Why a name is not allowed; undefined when it is. */
export function variableNameProblem(name: string): string | undefined {
  if (!FORM.test(name)) return 'must be letters, digits and _, not begin with a digit, and have at most 128 characters';
  return RESERVED.test(name) ? 'is reserved' : undefined;
}

/** The longest value. Only a build variable can have it: run-time variables share 4 KB. */
const VALUE_LIMIT_BYTES = 64 * 1024;

/** Why a value is not allowed; undefined when it is. May contain line breaks. */
export function variableValueProblem(value: string): string | undefined {
  if (new TextEncoder().encode(value).length > VALUE_LIMIT_BYTES) return 'must be at most 64 KB';
  // A lone surrogate is lost when it is written as UTF-8.
  return value.includes('\0') || /\p{Surrogate}/u.test(value)
    ? 'must be text, without NUL characters or halves of a character'
    : undefined;
}
