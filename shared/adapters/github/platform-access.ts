import { AppError } from '../../kernel/app-error.ts';

/** GitHub refuses the platform as such, not a user: no piece of work is at fault, and only the operator can mend it. */
export const platformRefused = (service: string, refusal: string, remedy: string, cause?: unknown) =>
  new AppError('platform_misconfigured', {
    message: `GitHub refuses the platform's access to ${service}: ${refusal}`,
    remedy,
    details: { service },
    cause,
  });

/** Reads a secret of the platform. One that is missing or unreadable is like one that GitHub refuses. */
export async function readOwnSecret(service: string, name: string, read: () => Promise<string>): Promise<string> {
  try {
    return await read();
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== 'secret_unreadable') throw error;
    throw platformRefused(service, `${name} is unreadable`, `Store the secret ${name} again with a release.`, error);
  }
}
