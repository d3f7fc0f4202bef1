import type { Api, OperationId } from '@miaobu/shared/contracts/api';
import type { BodyOf, CookiesOf, HeadersOf, OutputOf, ParamsOf, QueryOf } from '@miaobu/shared/contracts/endpoint';
import type { Scope } from '@miaobu/shared/contracts/scopes';
import type { Context } from '@miaobu/shared/kernel/context';
import type { User } from '@miaobu/shared/model/account/account-repository';

/** How the caller authenticated, and what that permits. A session permits everything that its user may do. */
export type Credential =
  | { readonly kind: 'session'; readonly sessionId: string }
  | {
      readonly kind: 'token';
      readonly tokenId: string;
      readonly scopes: readonly Scope[];
      /** The only projects it is valid for; null: all of its user's. */
      readonly projectIds: readonly string[] | null;
    };

/** Who asks. */
export interface Actor {
  readonly user: User;
  readonly credential: Credential;
}

/** Public operations have no caller. */
export type ActorOf<Id extends OperationId> = Api[Id]['access'] extends 'public' ? undefined : Actor;

/** The parts of a request named by the contract, parsed. */
export type Request<Id extends OperationId> = {
  readonly params: ParamsOf<Api[Id]>;
  readonly query: QueryOf<Api[Id]>;
  readonly body: BodyOf<Api[Id]>;
} & (HeadersOf<Api[Id]> extends undefined ? unknown : { readonly headers: HeadersOf<Api[Id]> }) &
  (CookiesOf<Api[Id]> extends undefined ? unknown : { readonly cookies: CookiesOf<Api[Id]> });

export interface JsonAnswer<Id extends OperationId> {
  readonly data: OutputOf<Api[Id]>;
  /** For lists: where the next page begins; null on the last. */
  readonly nextCursor?: string | null;
  /** `Set-Cookie` lines. */
  readonly cookies?: readonly string[];
  /** `ETag`, …: the headers that the contract defines for this response. */
  readonly headers?: Readonly<Record<string, string>>;
}

export interface RedirectAnswer {
  readonly location: string;
  readonly cookies?: readonly string[];
}

/** One server-sent event. A reconnecting reader sends its id as `Last-Event-ID`. `end` is reserved. */
export interface StreamedEvent<Data> {
  readonly id?: string;
  readonly event?: string;
  readonly data: Data;
}

export interface EventsAnswer<Data> {
  /**
   * Everything after the reader's `Last-Event-ID`; it ends when there will never be more. `context.signal` fires when the reader has
   * disconnected, or the instance stops. Heartbeats are handled elsewhere.
   */
  readonly events: AsyncIterable<StreamedEvent<Data>>;
}

export type Answer<Id extends OperationId> = Api[Id] extends { readonly answers: 'redirect' }
  ? RedirectAnswer
  : Api[Id] extends { readonly answers: 'events' }
    ? EventsAnswer<OutputOf<Api[Id]>>
    : JsonAnswer<Id>;

/** One endpoint, after parsing, authentication and authorization. */
export type Operation<Id extends OperationId> = (
  request: Request<Id>,
  actor: ActorOf<Id>,
  context: Context,
) => Promise<Answer<Id>>;

export type Operations = { readonly [Id in OperationId]: Operation<Id> };
