import { orMissing } from './or-missing.ts';

/** To everybody else the API answers 404. */
export const forAdmins = <Result>(request: () => Promise<Result>): Promise<Result> =>
  orMissing(request, 'Only admins of the platform may see and rotate its keys.');
