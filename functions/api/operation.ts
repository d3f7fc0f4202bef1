import type { Api, OperationId } from '@miaobu/shared/contracts/api';
import type { BodyOf, CookiesOf, HeadersOf, OutputOf, ParamsOf, QueryOf } from '@miaobu/shared/contracts/endpoint';
import type { Scope } from '@miaobu/shared/contracts/scopes';
import type { Context } from '@miaobu/shared/kernel/context';
import type { User } from '@miaobu/shared/model/account/account-repository';

/** How somebody showed who they are, and what that allows. A session allows everything that its user may do. */
export type Credential =
  | { readonly kind: 'session'; readonly sessionId: string }
  | {
      readonly kind: 'token';
      readonly tokenId: string;
      readonly scopes: readonly Scope[];
      /** The only projects it is for; null: all of its user's. */
      readonly projectIds: readonly string[] | null;
    };

/** Who asks. */
export interface Actor {
  readonly user: User;
  readonly credential: Credential;
}

/** Public operations have nobody to ask for. */
export type ActorOf<Id extends OperationId> = Api[Id]['access'] extends 'public' ? undefined : Actor;

/** What the contract names of a request, parsed. */
export type Request<Id extends OperationId> = {
  readonly params: ParamsOf<Api[Id]>;
  readonly query: QueryOf<Api[Id]>;
  readonly body: BodyOf<Api[Id]>;
} & (HeadersOf<Api[Id]> extends undefined ? unknown : { readonly headers: HeadersOf<Api[Id]> }) &
  (CookiesOf<Api[Id]> extends undefined ? unknown : { readonly cookies: CookiesOf<Api[Id]> });

export interface JsonAnswer<Id extends OperationId> {
  readonly data: OutputOf<Api[Id]>;
  /** Of lists: where the next page begins; null on the last. */
  readonly nextCursor?: string | null;
  /** `Set-Cookie` lines. */
  readonly cookies?: readonly string[];
  /** `ETag`, …: what the contract says about this very answer. */
  readonly headers?: Readonly<Record<string, string>>;
}

export interface RedirectAnswer {
  readonly location: string;
  readonly cookies?: readonly string[];
}

/** One server-sent event. Its id is what a reader who comes back says as `Last-Event-ID`. `end` is no name for one. */
export interface StreamedEvent<Data> {
  readonly id?: string;
  readonly event?: string;
  readonly data: Data;
}

export interface EventsAnswer<Data> {
  /**
   * Everything from the reader's `Last-Event-ID` on; it ends when there will never be more. `context.signal` fires when nobody reads any
   * longer, or the instance stops. Heartbeats are not its business.
   */
  readonly events: AsyncIterable<StreamedEvent<Data>>;
}

export type Answer<Id extends OperationId> = Api[Id] extends { readonly answers: 'redirect' }
  ? RedirectAnswer
  : Api[Id] extends { readonly answers: 'events' }
    ? EventsAnswer<OutputOf<Api[Id]>>
    : JsonAnswer<Id>;

/** One endpoint, behind parsing, authentication and authorization. */
export type Operation<Id extends OperationId> = (
  request: Request<Id>,
  actor: ActorOf<Id>,
  context: Context,
) => Promise<Answer<Id>>;

export type Operations = { readonly [Id in OperationId]: Operation<Id> };
