import * as z from 'zod';
import { endpoint } from './endpoint.ts';
import { noParams, pageQuery } from './pagination.ts';

export const auditEntry = z.strictObject({
  id: z.string(),
  /** The id of a user, or the name of the function of the platform that did it. */
  actor: z.string(),
  /** `noun.verb`: `project.deletion_requested`, `token.created`, … */
  action: z.string(),
  /** What it was done to: an id or a hostname. */
  subject: z.string(),
  project_id: z.string().nullable(),
  /** More about it, never a secret. */
  details: z.record(z.string(), z.unknown()),
  /** The network address it was asked from; null where nobody asked, or somebody else did. */
  address: z.string().nullable(),
  request_id: z.string(),
  created_at: z.iso.datetime(),
});
export type AuditEntry = z.output<typeof auditEntry>;

const action = z
  .string()
  .max(100)
  .regex(/^[a-z_]+\.[a-z_]+$/, 'must look like noun.verb')
  .optional();

export const listAuditLog = endpoint({
  method: 'GET',
  path: '/api/v1/audit-log',
  summary: 'What you did, and what was done to your account and your projects, newest first.',
  tag: 'audit-log',
  access: 'audit:read',
  params: noParams,
  query: pageQuery.extend({
    /** By id or slug. */
    project: z.string().max(64).optional(),
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
  summary: 'What everybody and the platform itself did, newest first.',
  tag: 'audit-log',
  access: 'platform:read',
  params: noParams,
  query: pageQuery.extend({
    /** Whoever did it. */
    user: z.string().max(64).optional(),
    action,
  }),
  body: null,
  output: z.array(auditEntry),
  status: 200,
  paginated: true,
  errors: ['not_found'],
});
