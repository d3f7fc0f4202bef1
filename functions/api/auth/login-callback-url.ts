import { finishGithubLogin } from '@miaobu/shared/contracts/auth';

/** Where GitHub sends browsers back: what an operator registers there, and what both halves of a login name. */
export const loginCallbackUrl = (controlOrigin: string) => `${controlOrigin}${finishGithubLogin.path}`;
