import type { DeviceLogin as ShownDeviceLogin } from '@miaobu/shared/contracts/device-logins';
import type { Scope } from '@miaobu/shared/contracts/scopes';
import { AppError } from '@miaobu/shared/kernel/app-error';
import type { Context } from '@miaobu/shared/kernel/context';
import { showId } from '@miaobu/shared/kernel/ids';
import { invalidFields } from '@miaobu/shared/kernel/invalid-fields';
import { readUserCode, showUserCode } from '@miaobu/shared/kernel/user-code';
import type { User } from '@miaobu/shared/model/account/account-repository';
import type { DeviceLogin } from '@miaobu/shared/model/account/device-login-repository';
import type { Repositories, Store } from '@miaobu/shared/model/repositories';
import type { Operation } from '../operation.ts';
import { requireTokenRoom } from '../tokens/require-token-room.ts';

export interface Deps {
  readonly store: Pick<Store, 'deviceLogins' | 'transaction'>;
}

const present = (login: DeviceLogin): ShownDeviceLogin => ({
  user_code: showUserCode(login.userCode),
  client_name: login.clientName,
  scopes: [...login.scopes],
  address: login.address === '' ? null : login.address,
  created_at: login.createdAt.toISOString(),
  expires_at: login.expiresAt.toISOString(),
});

/** The pending request with this code. Throws `not_found` for one that was answered, has expired, or never existed. */
export async function findDeviceLogin(
  { deviceLogins }: Pick<Repositories, 'deviceLogins'>,
  typed: string,
): Promise<DeviceLogin> {
  const code = readUserCode(typed);
  const login = code && (await deviceLogins.findWaiting(code));
  if (!login) throw new AppError('not_found');
  return login;
}

/** Records a user's decision on a pending request. `scopes` undefined: denied. */
export const answerDeviceLogin =
  ({ store }: Deps) =>
  async (
    answer: { readonly userCode: string; readonly scopes: readonly Scope[] | undefined },
    user: User,
    { requestId, address }: Pick<Context, 'requestId' | 'address'>,
  ): Promise<DeviceLogin> => {
    const { scopes } = answer;
    if (!user.isAdmin && scopes?.some((scope) => scope.startsWith('platform:'))) {
      throw invalidFields('body', [
        { path: ['scopes'], message: 'the scopes of the platform are for those who run it' },
      ]);
    }
    return store.transaction(async (repositories) => {
      const { deviceLogins, auditLog } = repositories;
      const login = await findDeviceLogin(repositories, answer.userCode);
      // Here the user sees the reason. The token is created later, when the limit is checked again.
      if (scopes !== undefined) await requireTokenRoom(repositories, user.id);
      const isAnswered =
        scopes === undefined
          ? await deviceLogins.deny(login.id, user.id)
          : await deviceLogins.approve(login.id, user.id, [...new Set(scopes)]);
      if (!isAnswered) throw new AppError('not_found');
      await auditLog.append({
        actor: showId('user', user.id),
        action: scopes === undefined ? 'device_login.denied' : 'device_login.approved',
        subject: showUserCode(login.userCode),
        details: { client_name: login.clientName, asked_from: login.address, ...(scopes && { scopes }) },
        requestId,
        address,
      });
      return login;
    });
  };

export const getDeviceLogin =
  ({ store }: Deps): Operation<'getDeviceLogin'> =>
  async ({ params }) => ({ data: present(await findDeviceLogin(store, params.user_code)) });

export const approveDeviceLogin =
  (deps: Deps): Operation<'approveDeviceLogin'> =>
  async ({ params, body }, { user }, context) => {
    const answer = { userCode: params.user_code, scopes: body.scopes };
    return { data: present(await answerDeviceLogin(deps)(answer, user, context)) };
  };

export const denyDeviceLogin =
  (deps: Deps): Operation<'denyDeviceLogin'> =>
  async ({ params }, { user }, context) => {
    const answer = { userCode: params.user_code, scopes: undefined };
    return { data: present(await answerDeviceLogin(deps)(answer, user, context)) };
  };
