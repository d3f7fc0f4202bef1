import * as z from 'zod';
import { endpoint } from './endpoint.ts';
import { noQuery } from './pagination.ts';
import { environmentName, ofProject } from './path-params.ts';
import { deployment } from './shown-deployment.ts';

const prebuiltDeployment = z
  .strictObject({
    deployment,
    upload: z
      .strictObject({
        callback_url: z.url().describe('Where the uploader redeems the ticket and reports.'),
        attempt: z.int().describe('The attempt that the uploader works on.'),
        ticket: z
          .string()
          .describe('What the uploader redeems, once, for the right to upload. Shown in this answer only.'),
      })
      .describe('How the files come: the uploader speaks the protocol of the build runner.'),
  })
  .meta({ id: 'PrebuiltDeployment', description: 'A deployment that waits for its folder to be uploaded.' });

export const createPrebuiltDeployment = endpoint({
  method: 'POST',
  path: '/api/v1/projects/{project}/deployments/prebuilt',
  summary:
    'Deploys a folder as it is, without a build: returns a ticket for uploading its files, as `miaobu deploy <folder>` does. The deployment fails unless the upload begins within ten minutes.',
  tag: 'deployments',
  access: 'deployments:deploy',
  cost: 'expensive',
  params: ofProject,
  query: noQuery,
  body: z.strictObject({
    environment: environmentName.default('production').describe('The name of the environment to deploy to.'),
    message: z
      .string()
      .trim()
      .min(1)
      .max(1000)
      .optional()
      .describe('What the folder is, for the list of deployments. Default: nothing.'),
  }),
  output: prebuiltDeployment,
  status: 201,
  paginated: false,
  errors: ['not_found', 'environment_off'],
});
