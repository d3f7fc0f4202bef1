import * as z from 'zod';
import { endpoint } from './endpoint.ts';
import { noParams, noQuery } from './pagination.ts';
import { ofUser } from './path-params.ts';

const day = z.iso.date();

const meaningOf = {
  max_active_builds: 'How many builds may run at once; more wait.',
  max_builds_per_hour: 'How many builds may begin within an hour; more wait.',
  max_projects: 'How many projects it may have; another is refused.',
  max_storage_bytes: 'How many bytes its deployments may store; an upload beyond that is refused.',
};

const accountLimits = z
  .strictObject({
    max_active_builds: z.int().describe(meaningOf.max_active_builds),
    max_builds_per_hour: z.int().describe(meaningOf.max_builds_per_hour),
    max_projects: z.int().describe(meaningOf.max_projects),
    max_storage_bytes: z.int().describe(meaningOf.max_storage_bytes),
  })
  .meta({ id: 'AccountLimits', description: 'How much an account may use.' });
export type AccountLimits = z.output<typeof accountLimits>;

const used = {
  builds: z.int().describe('How many build attempts ran and have ended.'),
  build_seconds: z.number().describe('How long they ran, in seconds.'),
  stored_bytes: z
    .int()
    .describe('What the files of the kept deployments take up now, in bytes; equal files of a project count once.'),
};

export const usage = z
  .strictObject({
    from: day.describe('The first day.'),
    to: day.describe('The last day.'),
    ...used,
    projects: z
      .array(
        z.strictObject({
          project_id: z.string().describe('The id of the project.'),
          slug: z.string().nullable().describe('Its slug; null if it has been deleted.'),
          ...used,
        }),
      )
      .describe('The same per project: the 200 with the most build seconds.'),
    limits: accountLimits,
  })
  .meta({ id: 'Usage', description: 'What an account used within some days.' });

const dashboardStats = z
  .strictObject({
    projects: z.int().describe('How many projects you have.'),
    active_deployments: z.int().describe('How many deployments are in progress.'),
    builds_this_month: z.int().describe('How many deployments were created since the 1st of the month (UTC+8).'),
  })
  .meta({ id: 'DashboardStats', description: 'How your projects are doing, in three numbers.' });

export const getUsage = endpoint({
  method: 'GET',
  path: '/api/v1/usage',
  summary: 'Returns what your projects used within some days. Days are those of Aliyun’s bills, in UTC+8.',
  tag: 'usage',
  access: 'usage:read',
  params: noParams,
  query: z.strictObject({
    from: day.optional().describe('The first day; with `to` at most 366 days. Default: the first day of the month.'),
    to: day.optional().describe('The last day. Default: today.'),
  }),
  body: null,
  output: usage,
  status: 200,
  paginated: false,
  errors: [],
});

export const getDashboardStats = endpoint({
  method: 'GET',
  path: '/api/v1/dashboard/stats',
  summary: 'Returns how your projects are doing, in three numbers.',
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
  summary: 'Returns the limits of an account.',
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
  summary: 'Changes the limits of an account. What it already has is kept, even above the new limits.',
  tag: 'platform',
  access: 'platform:write',
  params: ofUser,
  query: noQuery,
  body: z
    .strictObject({
      max_active_builds: z.int().min(1).max(1000).optional().describe(meaningOf.max_active_builds),
      max_builds_per_hour: z.int().min(1).max(100_000).optional().describe(meaningOf.max_builds_per_hour),
      max_projects: z.int().min(1).max(100_000).optional().describe(meaningOf.max_projects),
      max_storage_bytes: z.int().min(1).max(1_000_000_000_000_000).optional().describe(meaningOf.max_storage_bytes),
    })
    .refine((body) => Object.keys(body).length > 0, 'name what is to change'),
  output: accountLimits,
  status: 200,
  paginated: false,
  errors: ['not_found'],
});
