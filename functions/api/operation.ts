import type { Api, OperationId } from '@miaobu/shared/contracts/api';
import type { BodyOf, OutputOf, ParamsOf, QueryOf } from '@miaobu/shared/contracts/endpoint';
import type { Context } from '@miaobu/shared/kernel/context';
import type { User } from '@miaobu/shared/model/account/account-repository';

/** Who asks. */
export interface Actor {
  readonly user: User;
}

export interface Request<Id extends OperationId> {
  readonly params: ParamsOf<Api[Id]>;
  readonly query: QueryOf<Api[Id]>;
  readonly body: BodyOf<Api[Id]>;
}

export interface Answer<Id extends OperationId> {
  readonly data: OutputOf<Api[Id]>;
  /** Of lists: where the next page begins; null on the last. */
  readonly nextCursor?: string | null;
}

/** One endpoint, behind parsing and authentication. */
export type Operation<Id extends OperationId> = (
  request: Request<Id>,
  actor: Actor,
  context: Context,
) => Promise<Answer<Id>>;

export type Operations = { readonly [Id in OperationId]: Operation<Id> };
