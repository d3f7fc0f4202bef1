import type { BuildFailureCode } from '@miaobu/shared/contracts/build-job';

/** The deployment fails, for a reason its owner can act on: `message` is shown to them as it is. */
export class BuildFailure extends Error {
  override readonly name = 'BuildFailure';
  readonly code: BuildFailureCode;

  constructor(code: BuildFailureCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** The platform wants nothing more of this run: another run has the ticket, or the attempt was stopped or is over. */
export class AttemptOver extends Error {
  override readonly name = 'AttemptOver';
}

/** The system error's code, e.g. `ENOENT`. */
export const errorCode = (error: unknown) =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
