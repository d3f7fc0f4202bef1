import { showId } from '@miaobu/shared/kernel/ids';
import type { Operation } from '../operation.ts';

export const getUser: Operation<'getUser'> = async (_request, { user }) => ({
  data: { id: showId('user', user.id), github_login: user.githubLogin, created_at: user.createdAt.toISOString() },
});
