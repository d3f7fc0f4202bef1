import * as z from 'zod';
import { endpoint } from './endpoint.ts';
import { noParams, noQuery } from './pagination.ts';

export const user = z.strictObject({
  id: z.string(),
  github_login: z.string(),
  created_at: z.iso.datetime(),
});
z.globalRegistry.add(user, { id: 'User' });
export type User = z.output<typeof user>;

export const getUser = endpoint({
  method: 'GET',
  path: '/api/v1/user',
  aliases: ['/api/v1/public/user'],
  summary: 'Whom the credential belongs to.',
  tag: 'account',
  access: 'account:read',
  params: noParams,
  query: noQuery,
  body: null,
  output: user,
  status: 200,
  paginated: false,
  errors: [],
});
