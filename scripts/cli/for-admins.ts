import { orMissing } from './or-missing.ts';

/** To everybody else the API says that there is no such thing. */
export const forAdmins = <Result>(request: () => Promise<Result>): Promise<Result> =>
  orMissing(request, 'Only who runs the platform may see and rotate its keys.');
