import { AppError } from './app-error.ts';

/** A field's problem as zod reports it. */
interface FieldIssue {
  readonly path: readonly PropertyKey[];
  readonly message: string;
}

/** The most problems reported at once: a body can have as many as it has bytes. */
const AT_MOST = 100;

/**
 * `invalid_request` with `details.fields`, a `{ path, problem }` for each invalid field. `part` names where the fields are (`body`,
 * `query`, `headers`, …) and begins each path.
 */
export const invalidFields = (part: string, issues: readonly FieldIssue[]): AppError =>
  new AppError('invalid_request', {
    details: {
      fields: issues
        .slice(0, AT_MOST)
        .map(({ path, message }) => ({ path: [part, ...path].map(String).join('.'), problem: message })),
    },
  });
