import { showId } from '@miaobu/shared/kernel/ids';
import { normalRules } from '@miaobu/shared/model/account/sign-in-rule-repository';
import type { Store } from '@miaobu/shared/model/repositories';
import { assertUnchanged } from '../etag.ts';
import type { Operation } from '../operation.ts';
import { presentSignInRules } from './get-sign-in-rules.ts';

/** Sets who may sign in from now on. Existing accounts stay. */
export const replaceSignInRules =
  ({ store }: { readonly store: Pick<Store, 'transaction'> }): Operation<'replaceSignInRules'> =>
  async ({ body, headers }, { user }, { requestId, address }) => {
    const rules = normalRules(body);
    await store.transaction(async ({ signInRules, auditLog }) => {
      await signInRules.lock();
      assertUnchanged(headers['if-match'], presentSignInRules(await signInRules.find()));
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
    return { data: presentSignInRules(rules) };
  };
