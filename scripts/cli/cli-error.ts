export const exitCodes = {
  done: 0,
  /** The platform refused, or the deployment failed. */
  refused: 1,
  /** The command line cannot be understood. */
  usage: 2,
  /** There is no Miaobu to talk to. */
  network: 3,
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
