/** Why the local cloud cannot start, in one line for a person; printed without a stack. */
export class StartError extends Error {
  override readonly name = 'StartError';
}
