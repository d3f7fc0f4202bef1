import * as z from 'zod';
import { endpoint } from './endpoint.ts';
import { noQuery } from './pagination.ts';
import { ofProject } from './path-params.ts';
import { shownTime } from './shown-time.ts';

export const webhookSecret = z
  .strictObject({
    project_id: z.string().describe('The id of the project.'),
    known_to_github: z
      .boolean()
      .describe('Whether GitHub has been given the current secret. If not, it still signs with the one before it.'),
    previous_accepted_until: shownTime
      .nullable()
      .describe('Until when pushes signed with the secret before it are accepted; null when they are not.'),
  })
  .meta({
    id: 'WebhookSecret',
    description:
      'The state of the secret with which GitHub signs the pushes it reports of a project. Never contains a secret.',
  });
export type WebhookSecret = z.output<typeof webhookSecret>;

export const getWebhookSecret = endpoint({
  method: 'GET',
  path: '/api/v1/projects/{project}/webhook-secret',
  summary: 'Shows the state of the secret with which GitHub signs the pushes of a project, without the secret.',
  tag: 'projects',
  access: 'projects:read',
  params: ofProject,
  query: noQuery,
  body: null,
  output: webhookSecret,
  status: 200,
  paginated: false,
  errors: ['not_found'],
});

export const rotateWebhookSecret = endpoint({
  method: 'POST',
  path: '/api/v1/projects/{project}/webhook-secret/rotate',
  summary:
    'Replaces the secret with which GitHub signs the pushes of a project, and gives GitHub the new one in the background. The old secret is accepted for `overlap_seconds` more; any older one no longer is.',
  tag: 'projects',
  access: 'projects:write',
  params: ofProject,
  query: noQuery,
  body: z.strictObject({
    overlap_seconds: z
      .int()
      .min(0)
      .max(86_400)
      .default(86_400)
      .describe(
        'For how many seconds the old secret is still accepted, at most a day. 0 if it has leaked: pushes that GitHub still signs with it are refused, and deployed when GitHub has the new one.',
      ),
  }),
  output: webhookSecret,
  status: 202,
  paginated: false,
  errors: ['not_found'],
});
