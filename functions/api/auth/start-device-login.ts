import { AppError } from '@miaobu/shared/kernel/app-error';
import { sha256 } from '@miaobu/shared/kernel/hmac';
import { randomToken } from '@miaobu/shared/kernel/ids';
import { newUserCode, showUserCode } from '@miaobu/shared/kernel/user-code';
import { DEVICE_LOGIN_MINUTES, DEVICE_POLL_SECONDS } from '@miaobu/shared/model/account/device-login-repository';
import type { Store } from '@miaobu/shared/model/repositories';
import type { Operation } from '../operation.ts';

export interface Deps {
  readonly store: Pick<Store, 'deviceLogins'>;
  readonly controlOrigin: string;
}

/** With 25 billion possible user codes, collisions are very rare. */
const TRIES = 3;

/** Where the user answers. */
export const DEVICE_PATH = '/device';

export const startDeviceLogin =
  ({ store, controlOrigin }: Deps): Operation<'startDeviceLogin'> =>
  async ({ body }, _actor, { address = '' }) => {
    const deviceCode = randomToken(32);
    for (let attempt = 1; attempt <= TRIES; attempt++) {
      const userCode = newUserCode();
      const login = {
        deviceCodeSha256: sha256(deviceCode),
        userCode,
        clientName: body.client_name,
        scopes: [...new Set(body.scopes)],
        address,
      };
      if (!(await store.deviceLogins.insert(login))) continue;
      const shown = showUserCode(userCode);
      return {
        data: {
          device_code: deviceCode,
          user_code: shown,
          verification_uri: `${controlOrigin}${DEVICE_PATH}`,
          verification_uri_complete: `${controlOrigin}${DEVICE_PATH}?user_code=${shown}`,
          expires_in: DEVICE_LOGIN_MINUTES * 60,
          interval: DEVICE_POLL_SECONDS,
        },
      };
    }
    throw new AppError('internal', { message: 'no free user code was found' });
  };
