/**
 * What decides how programs start, or belongs to those who run them: a build or a site that set it would reach beyond itself. In
 * any case of letters, because some systems make no difference.
 */
const RESERVED = /^(PATH|HOME|TMPDIR|ENV|BASH_ENV|NODE_OPTIONS|(MIAOBU|LD|DYLD|GITHUB|RUNNER|ACTIONS|FC|ALIBABA)_.*)$/i;
const FORM = /^[A-Za-z_][A-Za-z0-9_]{0,127}$/;

/** Why no variable may have this name; undefined when one may. */
export function variableNameProblem(name: string): string | undefined {
  if (!FORM.test(name)) return 'must be letters, digits and _, not begin with a digit, and have at most 128 characters';
  return RESERVED.test(name) ? 'is reserved' : undefined;
}

/** The longest value. Only a variable of builds can have it: those of run time share 4 KB. */
const VALUE_LIMIT_BYTES = 64 * 1024;

/** Why no variable may have this value; undefined when one may. Any number of lines is one value. */
export function variableValueProblem(value: string): string | undefined {
  if (new TextEncoder().encode(value).length > VALUE_LIMIT_BYTES) return 'must be at most 64 KB';
  // Half a character is lost when it is written as UTF-8.
  return value.includes('\0') || /\p{Surrogate}/u.test(value)
    ? 'must be text, without NUL characters or halves of a character'
    : undefined;
}
