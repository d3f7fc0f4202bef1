import * as z from 'zod';
import { variableNameProblem, variableValueProblem } from '../kernel/variable-rules.ts';
import { endpoint } from './endpoint.ts';
import { noQuery } from './pagination.ts';

const time = z.iso.datetime();

/** The longest text of an import. */
const ENV_FILE_LIMIT = 256 * 1024;

const environment = z.enum(['production', 'staging']);
/** Where it exists: while the site is built, while it runs, or both. */
const scope = z.enum(['build', 'runtime', 'both']);

/** Text of which `problemOf` finds nothing to say. */
const textWithout = (problemOf: (text: string) => string | undefined) =>
  z.string().check((context) => {
    const message = problemOf(context.value);
    if (message !== undefined) context.issues.push({ code: 'custom', message, input: '' });
  });
const key = textWithout(variableNameProblem);
const value = textWithout(variableValueProblem);

export const variable = z.strictObject({
  id: z.string(),
  environment,
  key: z.string(),
  /** Null for a secret, always. */
  value: z.string().nullable(),
  is_secret: z.boolean(),
  scope,
  created_at: time,
  updated_at: time,
});
export type Variable = z.output<typeof variable>;

const ofProject = z.strictObject({ project: z.string().max(64) });
const ofVariable = ofProject.extend({ variable: z.string().max(64) });

/** What a new variable is, unless told otherwise. */
const kind = {
  environment: environment.default('production'),
  scope: scope.default('both'),
  /** A secret can be replaced and deleted, and is never shown again. */
  is_secret: z.boolean().default(true),
};

export const listVariables = endpoint({
  method: 'GET',
  path: '/api/v1/projects/{project}/variables',
  aliases: ['/api/v1/public/projects/{project}/env-vars'],
  summary: 'The environment variables of a project, by environment and name: all of them, at most 100 an environment.',
  tag: 'variables',
  access: 'variables:read',
  params: ofProject,
  query: z.strictObject({ environment: environment.optional() }),
  body: null,
  output: z.array(variable),
  status: 200,
  paginated: false,
  errors: ['not_found'],
});

export const createVariable = endpoint({
  method: 'POST',
  path: '/api/v1/projects/{project}/variables',
  aliases: ['/api/v1/public/projects/{project}/env-vars'],
  summary: 'Sets an environment variable that is not there yet. Deployments have it from the next one on.',
  tag: 'variables',
  access: 'variables:write',
  params: ofProject,
  query: noQuery,
  body: z.strictObject({ key, value, ...kind }),
  output: variable,
  status: 201,
  paginated: false,
  errors: ['not_found', 'conflict', 'variables_full'],
});

export const updateVariable = endpoint({
  method: 'PATCH',
  path: '/api/v1/projects/{project}/variables/{variable}',
  summary: 'Changes an environment variable. A secret is no secret any more only with a new value.',
  tag: 'variables',
  access: 'variables:write',
  params: ofVariable,
  query: noQuery,
  body: z
    .strictObject({ value: value.optional(), scope: scope.optional(), is_secret: z.boolean().optional() })
    .refine((body) => Object.keys(body).length > 0, 'name what is to change'),
  output: variable,
  status: 200,
  paginated: false,
  errors: ['not_found', 'variables_full'],
});

export const deleteVariable = endpoint({
  method: 'DELETE',
  path: '/api/v1/projects/{project}/variables/{variable}',
  aliases: ['/api/v1/public/projects/{project}/env-vars/{variable}'],
  summary:
    'Deletes an environment variable. The next deployment is without it; a rollback to an older one brings it back.',
  tag: 'variables',
  access: 'variables:write',
  params: ofVariable,
  query: noQuery,
  body: null,
  output: z.undefined(),
  status: 204,
  paginated: false,
  errors: ['not_found'],
});

export const importVariables = endpoint({
  method: 'POST',
  path: '/api/v1/projects/{project}/variables/import',
  summary: 'Sets every variable of a .env file, all or none.',
  tag: 'variables',
  access: 'variables:write',
  params: ofProject,
  query: noQuery,
  body: z.strictObject({
    /** The text of the file, as the package dotenv reads it; of a name that is there twice the last value counts. */
    content: z.string().min(1).max(ENV_FILE_LIMIT),
    ...kind,
    /** Whether variables that are there are replaced. Without, one of them refuses the import. */
    overwrite: z.boolean().default(true),
  }),
  output: z.array(variable),
  status: 200,
  paginated: false,
  errors: ['not_found', 'conflict', 'variables_full'],
});
