import * as z from 'zod';
import { endpoint } from './endpoint.ts';
import { noParams, pageQuery } from './pagination.ts';
import { projectReference } from './path-params.ts';
import { shownTime } from './shown-time.ts';

export const auditEntry = z
  .strictObject({
    id: z.string().describe('The id of the entry (`aud_…`).'),
    actor: z
      .string()
      .describe('Who did it: the id of a user or a deploy hook, or the name of a function of the platform.'),
    action: z.string().describe('What was done, as `noun.verb`: `project.deletion_requested`, `token.created`, …'),
    subject: z.string().describe('What it was done to: an id or a hostname.'),
    project_id: z.string().nullable().describe('The project it concerns; null when it concerns none.'),
    details: z.record(z.string(), z.unknown()).describe('More about it, depending on the action. Never a secret.'),
    address: z
      .string()
      .nullable()
      .describe('The network address of the request; null when there was none, or when somebody else made it.'),
    request_id: z.string().describe('The request that did it, as in `X-Request-Id`.'),
    created_at: shownTime.describe('When it was done.'),
  })
  .meta({ id: 'AuditEntry', description: 'One thing that somebody, or the platform itself, did.' });
export type AuditEntry = z.output<typeof auditEntry>;

const action = z
  .string()
  .max(100)
  .regex(/^[a-z_]+\.[a-z_]+$/, 'must look like noun.verb')
  .optional()
  .describe('Only entries with this action, e.g. `project.updated`.');

export const listAuditLog = endpoint({
  method: 'GET',
  path: '/api/v1/audit-log',
  summary: 'Lists what you did and what was done to your account and your projects, newest first.',
  tag: 'audit-log',
  access: 'audit:read',
  params: noParams,
  query: pageQuery.extend({
    project: projectReference.optional().describe('Only entries about this project: its id (`prj_…`) or slug.'),
    action,
  }),
  body: null,
  output: z.array(auditEntry),
  status: 200,
  paginated: true,
  errors: ['not_found'],
});

export const listPlatformAuditLog = endpoint({
  method: 'GET',
  path: '/api/v1/platform/audit-log',
  summary: 'Lists what all users and the platform itself did, newest first.',
  tag: 'audit-log',
  access: 'platform:read',
  params: noParams,
  query: pageQuery.extend({
    user: z.string().max(64).optional().describe('Only what this user did: their id (`usr_…`).'),
    action,
  }),
  body: null,
  output: z.array(auditEntry),
  status: 200,
  paginated: true,
  errors: ['not_found'],
});
