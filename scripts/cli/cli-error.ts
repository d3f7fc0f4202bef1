/** How the program ends. Stable: scripts tell these apart. */
export const exitCodes = {
  done: 0,
  /** The platform refused, or the deployment failed. */
  failed: 1,
  /** The command line cannot be understood. */
  usage: 2,
  /** Nobody is signed in, or who is may not do that. */
  denied: 3,
  /** What was named does not exist. */
  missing: 4,
  /** There is no Miaobu to talk to, or it does not answer now. */
  unreachable: 5,
} as const;
export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

/** Ends the program with a message that says what to do, and without a stack. */
export class CliError extends Error {
  override readonly name = 'CliError';
  readonly exitCode: ExitCode;
  constructor(exitCode: ExitCode, message: string) {
    super(message);
    this.exitCode = exitCode;
  }
}
