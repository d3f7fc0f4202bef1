import * as z from 'zod';

/** A reference to a resource in a path. */
const reference = (description: string) => z.string().max(64).describe(description);

export const projectReference = reference('A project: its id (`prj_…`) or slug.');

export const ofProject = z.strictObject({ project: projectReference });
export const ofDeployment = ofProject.extend({ deployment: reference('A deployment: its id (`dep_…`).') });
export const ofEnvironment = ofProject.extend({
  environment: reference('An environment: its name (`production` or `staging`) or id (`env_…`).'),
});
export const ofVariable = ofProject.extend({ variable: reference('A variable: its id (`var_…`), not its name.') });
export const deployHookReference = reference('A deploy hook: its id (`dhk_…`).');
export const ofUser = z.strictObject({ user: reference('A user: their id (`usr_…`), not their GitHub login.') });
export const ofToken = z.strictObject({ token: reference('An API token: its id (`tok_…`), not the token itself.') });
export const ofSession = z.strictObject({ session: reference('A session: its id (`ses_…`).') });
export const ofDeadLetter = z.strictObject({ dead_letter: reference('A dead letter: its id (`dlt_…`).') });
export const ofRepository = z.strictObject({
  owner: z.string().max(39).describe('The user or organization on GitHub that owns the repository.'),
  repo: z.string().max(100).describe('The name of the repository, without its owner.'),
});
export const ofUserCode = z.strictObject({
  user_code: z.string().max(20).describe('The code that the device shows, e.g. `BCDF-GHJK`.'),
});

/** An environment in a query or a body: by name only. */
export const environmentName = z.string().max(64).describe('The name of an environment: `production` or `staging`.');
