import { AppError } from '@miaobu/shared/kernel/app-error';
import type { Context } from '@miaobu/shared/kernel/context';
import { describeError } from '@miaobu/shared/kernel/describe-error';
import { sha256, sha256Hex } from '@miaobu/shared/kernel/hmac';
import { invalidFields } from '@miaobu/shared/kernel/invalid-fields';
import type { Sealer } from '@miaobu/shared/kernel/seal';
import type { Store } from '@miaobu/shared/model/repositories';
import { answerContext, type KeyedRequest } from '@miaobu/shared/model/request/idempotency-repository';
import type { Actor } from '../operation.ts';
import type { Rendered } from './rendered.ts';

export interface Deps {
  readonly store: Pick<Store, 'idempotencyKeys'>;
  readonly sealer: Sealer;
}

export interface AskedOnce {
  /** The value of `Idempotency-Key`. */
  readonly key: string;
  readonly operation: string;
  /** Including its query. */
  readonly path: string;
  readonly bytes: Buffer;
  readonly actor: Actor | undefined;
  /** What distinguishes callers of a public request: the secret in this header, which the operation itself checks, and cookies. */
  readonly authorization: string | undefined;
  readonly cookie: string | undefined;
}

/** Longer than any request can take, since its statements and calls have timeouts: a longer holder of a key has crashed. */
const LEASE_SECONDS = 90;
const FORM = /^[\x21-\x7e]{1,255}$/;

/** The owner of the key: a token, a user with all of their sessions, or the holder of the secret in a public request. */
function principalOf({ actor, path, authorization, cookie }: AskedOnce): string {
  if (!actor) return `public:${sha256Hex(`${path}\n${authorization ?? ''}\n${cookie ?? ''}`)}`;
  const { credential, user } = actor;
  return credential.kind === 'token' ? `token:${credential.tokenId}` : `user:${user.id}`;
}

/**
 * Executes a request once per `Idempotency-Key` (draft-ietf-httpapi-idempotency-key-header), and answers repetitions within 24 hours with
 * the first response, byte for byte. Retryable failures are not stored.
 */
export function answerOnce({ store, sealer }: Deps) {
  /** `renderError` returns the error response; undefined when a retry makes sense. */
  return async (
    asked: AskedOnce,
    context: Context,
    work: () => Promise<Rendered>,
    renderError: (error: unknown) => Rendered | undefined,
  ): Promise<{ readonly rendered: Rendered; readonly replayed: boolean }> => {
    if (!FORM.test(asked.key)) {
      throw invalidFields('headers', [
        { path: ['idempotency-key'], message: 'must be 1 to 255 visible ASCII characters' },
      ]);
    }
    const request: KeyedRequest = {
      principal: principalOf(asked),
      key: asked.key,
      operation: asked.operation,
      requestSha256: sha256(Buffer.concat([Buffer.from(`${asked.path}\n`), asked.bytes])),
    };
    const claimed = await store.idempotencyKeys.claim(request, LEASE_SECONDS);
    switch (claimed.state) {
      case 'reused':
        throw new AppError('idempotency_key_reused');
      case 'running': {
        // It may end much sooner than its lease.
        const retryAfterSeconds = Math.max(1, Math.min(5, Math.ceil(claimed.secondsLeft)));
        throw new AppError('idempotency_key_in_use', { details: { retryAfterSeconds } });
      }
      case 'answered':
        return {
          rendered: JSON.parse(await sealer.open(claimed.answerSealed, answerContext(request))) as Rendered,
          replayed: true,
        };
      case 'claimed':
        break;
    }
    const remember = async (rendered: Rendered | undefined) => {
      try {
        if (rendered === undefined) await store.idempotencyKeys.release(claimed.claim, request);
        else {
          const sealed = await sealer.seal(JSON.stringify(rendered), { context: answerContext(request) });
          await store.idempotencyKeys.answer(claimed.claim, request, sealed);
        }
      } catch (error) {
        // The work is done, and the caller must learn that. The key is freed when its lease expires.
        context.log.error('an answer was not remembered', describeError(error));
      }
    };
    let rendered: Rendered;
    try {
      rendered = await work();
    } catch (error) {
      await remember(renderError(error));
      throw error;
    }
    await remember(rendered);
    return { rendered, replayed: false };
  };
}
