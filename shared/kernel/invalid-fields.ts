import { AppError } from './app-error.ts';

/** What is wrong with one field, as zod says it. */
interface FieldIssue {
  readonly path: readonly PropertyKey[];
  readonly message: string;
}

/** So many problems are told at once: a body can have as many as it has bytes. */
const AT_MOST = 100;

/**
 * `invalid_request` with `details.fields`, a `{ path, problem }` for each field that is wrong. `part` names where the fields are (`body`,
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
