import { finishGithubLogin } from '@miaobu/shared/contracts/auth';

/** Where GitHub redirects browsers back: registered there by the operator, and used by both halves of a login. */
export const loginCallbackUrl = (controlOrigin: string) => `${controlOrigin}${finishGithubLogin.path}`;
