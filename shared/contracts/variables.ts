import * as z from 'zod';
import { variableNameProblem, variableValueProblem } from '../kernel/variable-rules.ts';
import { endpoint } from './endpoint.ts';
import { noQuery } from './pagination.ts';
import { ofProject, ofVariable } from './path-params.ts';
import { shownTime } from './shown-time.ts';

/** The longest .env file of an import. */
const ENV_FILE_LIMIT = 256 * 1024;

const environment = z.enum(['production', 'staging']);
const scope = z
  .enum(['build', 'runtime', 'both'])
  .describe('Where it exists: while the project is built, while its server runs, or both.');

/** Text in which `problemOf` finds no problem. */
const textWithout = (problemOf: (text: string) => string | undefined) =>
  z.string().check((context) => {
    const message = problemOf(context.value);
    if (message !== undefined) context.issues.push({ code: 'custom', message, input: '' });
  });
const key = textWithout(variableNameProblem).describe(
  'Its name: letters, digits and `_`, not beginning with a digit, at most 128 characters. Some names are reserved, e.g. `PATH` and `MIAOBU_…`.',
);
const value = textWithout(variableValueProblem).describe('Its value: text of at most 64 KB, of any number of lines.');

export const variable = z
  .strictObject({
    id: z.string().describe('The id of the variable (`var_…`).'),
    environment: environment.describe('The environment it belongs to.'),
    key: z.string().describe('Its name.'),
    value: z.string().nullable().describe('Its value; null for a secret.'),
    is_secret: z.boolean().describe('Whether its value is hidden: it can be replaced, but is never shown again.'),
    scope,
    created_at: shownTime.describe('When it was created.'),
    updated_at: shownTime.describe('When it last changed.'),
  })
  .meta({ id: 'Variable', description: 'An environment variable of a project.' });
export type Variable = z.output<typeof variable>;

/** The defaults of a new variable. */
const kind = {
  environment: environment.default('production').describe('The environment it is for.'),
  scope: scope.default('both'),
  is_secret: z
    .boolean()
    .default(true)
    .describe('Whether to hide its value: it can be replaced, but is never shown again.'),
};

export const listVariables = endpoint({
  method: 'GET',
  path: '/api/v1/projects/{project}/variables',
  aliases: ['/api/v1/public/projects/{project}/env-vars'],
  summary: 'Lists all environment variables of a project, by environment and name: at most 100 per environment.',
  tag: 'variables',
  access: 'variables:read',
  params: ofProject,
  query: z.strictObject({ environment: environment.optional().describe('Only those of this environment.') }),
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
  summary: 'Creates an environment variable. It takes effect with the next deployment.',
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
  summary:
    'Changes an environment variable, with effect from the next deployment. To make a secret readable, set a new value with it.',
  tag: 'variables',
  access: 'variables:write',
  params: ofVariable,
  query: noQuery,
  body: z
    .strictObject({
      value: value.optional(),
      scope: scope.optional(),
      is_secret: z.boolean().optional().describe('Whether to hide its value. False for a secret needs a new `value`.'),
    })
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
    'Deletes an environment variable. New deployments do not have it; rolling back to an older one brings it back.',
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
  summary: 'Sets all variables of a .env file, or none if one of them cannot be set.',
  tag: 'variables',
  access: 'variables:write',
  params: ofProject,
  query: noQuery,
  body: z.strictObject({
    content: z
      .string()
      .min(1)
      .max(ENV_FILE_LIMIT)
      .describe('The text of the file, as dotenv reads it. If a name occurs twice, its last value is used.'),
    ...kind,
    overwrite: z
      .boolean()
      .default(true)
      .describe('Whether to replace variables that exist. If false, an existing one makes the import fail (409).'),
  }),
  output: z.array(variable),
  status: 200,
  paginated: false,
  errors: ['not_found', 'conflict', 'variables_full'],
});
