import { showId } from '@miaobu/shared/kernel/ids';
import { normalRules, type SignInRules } from '@miaobu/shared/model/account/sign-in-rule-repository';
import type { Store } from '@miaobu/shared/model/repositories';
import { assertUnchanged } from '../etag.ts';
import type { Operation } from '../operation.ts';

const present = ({ users, organisations }: SignInRules) => ({
  users: [...users],
  organisations: [...organisations],
});

export const getSignInRules =
  ({ store }: { readonly store: Pick<Store, 'signInRules'> }): Operation<'getSignInRules'> =>
  async () => ({ data: present(await store.signInRules.find()) });

/** Sets who may sign in from now on. Who has an account keeps it. */
export const replaceSignInRules =
  ({ store }: { readonly store: Pick<Store, 'transaction'> }): Operation<'replaceSignInRules'> =>
  async ({ body, headers }, { user }, { requestId, address }) => {
    const rules = normalRules(body);
    await store.transaction(async ({ signInRules, auditLog }) => {
      await signInRules.lock();
      assertUnchanged(headers['if-match'], present(await signInRules.find()));
      await signInRules.replace(rules);
      await auditLog.append({
        actor: showId('user', user.id),
        action: 'sign_in_rules.replaced',
        subject: 'sign-in-rules',
        details: { ...rules },
        requestId,
        address,
      });
    });
    return { data: present(rules) };
  };
