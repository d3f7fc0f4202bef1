import type { SignInRules } from '@miaobu/shared/model/account/sign-in-rule-repository';
import type { Store } from '@miaobu/shared/model/repositories';
import type { Operation } from '../operation.ts';

export const presentSignInRules = ({ users, organisations }: SignInRules) => ({
  users: [...users],
  organisations: [...organisations],
});

export const getSignInRules =
  ({ store }: { readonly store: Pick<Store, 'signInRules'> }): Operation<'getSignInRules'> =>
  async () => ({ data: presentSignInRules(await store.signInRules.find()) });
