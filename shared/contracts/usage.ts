import * as z from 'zod';
import { endpoint } from './endpoint.ts';
import { noParams, noQuery } from './pagination.ts';

const day = z.iso.date();

/** What an account may have. Builds above the first two wait; what would go above the others is refused. */
export const accountLimits = z.strictObject({
  max_active_builds: z.int(),
  max_builds_per_hour: z.int(),
  max_projects: z.int(),
  max_storage_bytes: z.int(),
});
export type AccountLimits = z.output<typeof accountLimits>;

const used = {
  /** Attempts that a machine worked on and that have ended. */
  builds: z.int(),
  /** Seconds a machine worked on them. */
  build_seconds: z.number(),
  /** Now: what the files of the deployments take that are kept, each content once. */
  stored_bytes: z.int(),
};

export const usage = z.strictObject({
  from: day,
  to: day,
  ...used,
  /** By build seconds, at most 200. */
  projects: z.array(
    z.strictObject({
      project_id: z.string(),
      /** Null: the project is deleted. */
      slug: z.string().nullable(),
      ...used,
    }),
  ),
  limits: accountLimits,
});
export type Usage = z.output<typeof usage>;

export const dashboardStats = z.strictObject({
  projects: z.int(),
  /** Deployments in progress. */
  active_deployments: z.int(),
  /** Deployments created since the 1st of the month. */
  builds_this_month: z.int(),
});
export type DashboardStats = z.output<typeof dashboardStats>;

const ofUser = z.strictObject({ user: z.string().max(64) });

export const getUsage = endpoint({
  method: 'GET',
  path: '/api/v1/usage',
  summary:
    'What your projects used: this month, or from a day to another, both included. Days and months are those of Aliyun’s bills: UTC+8.',
  tag: 'usage',
  access: 'usage:read',
  params: noParams,
  /** At most 366 days. */
  query: z.strictObject({ from: day.optional(), to: day.optional() }),
  body: null,
  output: usage,
  status: 200,
  paginated: false,
  errors: [],
});

export const getDashboardStats = endpoint({
  method: 'GET',
  path: '/api/v1/dashboard/stats',
  summary: 'How your projects are doing, in three numbers. The month is that of UTC+8.',
  tag: 'usage',
  access: 'usage:read',
  params: noParams,
  query: noQuery,
  body: null,
  output: dashboardStats,
  status: 200,
  paginated: false,
  errors: [],
});

export const getAccountLimits = endpoint({
  method: 'GET',
  path: '/api/v1/platform/users/{user}/limits',
  summary: 'What an account may have.',
  tag: 'platform',
  access: 'platform:read',
  params: ofUser,
  query: noQuery,
  body: null,
  output: accountLimits,
  status: 200,
  paginated: false,
  errors: ['not_found'],
});

export const updateAccountLimits = endpoint({
  method: 'PATCH',
  path: '/api/v1/platform/users/{user}/limits',
  summary: 'Changes what an account may have. What it has stays, also when it is more.',
  tag: 'platform',
  access: 'platform:write',
  params: ofUser,
  query: noQuery,
  body: z
    .strictObject({
      max_active_builds: z.int().min(1).max(1000).optional(),
      max_builds_per_hour: z.int().min(1).max(100_000).optional(),
      max_projects: z.int().min(1).max(100_000).optional(),
      max_storage_bytes: z.int().min(1).max(1_000_000_000_000_000).optional(),
    })
    .refine((body) => Object.keys(body).length > 0, 'name what is to change'),
  output: accountLimits,
  status: 200,
  paginated: false,
  errors: ['not_found'],
});
