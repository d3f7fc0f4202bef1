import type { Access } from '@miaobu/shared/contracts/endpoint';
import { AppError } from '@miaobu/shared/kernel/app-error';
import type { Actor } from './operation.ts';

/** Throws unless this credential may call operations of this kind. Platform operations do not exist for anybody but administrators. */
export function authorize(access: Exclude<Access, 'public'>, { user, credential }: Actor): void {
  if (access.startsWith('platform:') && !user.isAdmin) throw new AppError('not_found');
  if (credential.kind === 'session') return;
  if (access === 'session') throw new AppError('forbidden', { details: { needs: 'a signed-in session' } });
  if (!credential.scopes.includes(access)) throw new AppError('forbidden', { details: { scope: access } });
}
