import { api, type OperationId } from '@miaobu/shared/contracts/api';
import type { Endpoint } from '@miaobu/shared/contracts/endpoint';
import type { User } from '@miaobu/shared/model/account/account-repository';
import { createLog } from '@miaobu/shared/runtime/logger';
import type * as z from 'zod';
import type { Actor, Answer, Operations } from '../../functions/api/operation.ts';
import { signedIn } from './signed-in.ts';

type Input<Id extends OperationId> = {
  readonly params?: z.input<(typeof api)[Id]['params']>;
  readonly query?: z.input<(typeof api)[Id]['query']>;
  readonly body?: (typeof api)[Id]['body'] extends z.ZodType ? z.input<(typeof api)[Id]['body']> : undefined;
};

export type SignedInClient = <Id extends OperationId>(id: Id, input?: Input<Id>) => Promise<Answer<Id>>;

export const ADDRESS_OF_TESTS = '203.0.113.7';

/** Operations as a signed-in user calls them: input and output are checked against the contract; HTTP is left out. */
export const signedInClient =
  (operations: Operations) =>
  (user: User, actor: Actor = signedIn(user)): SignedInClient =>
  async (id, { params = {}, query = {}, body } = {}) => {
    const endpoint: Endpoint = api[id];
    const request = {
      params: endpoint.params.parse(params),
      query: endpoint.query.parse(query),
      body: endpoint.body?.parse(body),
    };
    const run = operations[id] as unknown as (...args: unknown[]) => Promise<Answer<typeof id>>;
    const context = {
      requestId: 'a-request',
      log: createLog({}, () => {}),
      signal: new AbortController().signal,
      address: ADDRESS_OF_TESTS,
    };
    const answer = await run(request, actor, context);
    if ('data' in answer) endpoint.output.parse(answer.data);
    return answer;
  };
