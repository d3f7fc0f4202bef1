import { BuildFailure } from '../build-failure.ts';
import { exchange, type HttpRequest, Unavailable } from '../protocol/http-request.ts';
import { retryRequest } from '../protocol/retry-request.ts';

export interface Destination {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** A link that has expired, or would be refused again for another reason. */
const REFUSED = 403;
/** A link works once. An earlier try of this or another run arrived: the platform reads back what is there. */
const ALREADY_THERE = 409;
/** The storage's answer when the bytes that arrived are not the announced ones (`Content-MD5`). */
const DAMAGED = /<Code>InvalidDigest<\/Code>/;
/** No connection damages the same content this often: the content itself has changed. */
const DAMAGED_LIMIT = 4;

class ArrivedDamaged extends Error {}

/** One PUT, repeated while the storage cannot answer or received something other than was sent. */
function put({ url, headers }: Destination, body: NonNullable<HttpRequest['body']>, signal: AbortSignal) {
  let damaged = 0;
  return retryRequest(
    async () => {
      const answer = await exchange({ method: 'PUT', url, headers, body, signal });
      if (answer.status !== 400 || !DAMAGED.test(answer.body.toString())) return answer;
      damaged += 1;
      if (damaged < DAMAGED_LIMIT) throw new Unavailable('it arrived damaged');
      throw new ArrivedDamaged();
    },
    { signal },
  );
}

/**
 * PUTs one object to the link from `linkFor`, requesting another when that is refused. Without a link there is nothing to do. Throws
 * `BuildFailure` (`upload_failed`).
 */
export async function deliverContent<Link extends Destination>({
  what,
  body,
  linkFor,
  signal,
}: {
  /** The subject of the sentence that says why it failed. */
  what: string;
  body: NonNullable<HttpRequest['body']>;
  linkFor: (refused?: Link) => Promise<Link | undefined>;
  signal: AbortSignal;
}): Promise<void> {
  const failed = (why: string, options?: ErrorOptions) =>
    new BuildFailure('upload_failed', `${what} could not be uploaded: ${why}.`, options);
  try {
    const link = await linkFor();
    if (!link) return;
    let answer = await put(link, body, signal);
    if (answer.status === REFUSED) {
      const fresh = await linkFor(link);
      if (!fresh) return;
      answer = await put(fresh, body, signal);
    }
    if (answer.status === ALREADY_THERE || (answer.status >= 200 && answer.status < 300)) return;
    throw failed(`the storage answered ${answer.status}`);
  } catch (error) {
    if (error instanceof ArrivedDamaged)
      throw failed('what arrives is not what was announced; was it changed meanwhile?');
    if (!(error instanceof Unavailable)) throw error;
    throw failed(error.message, { cause: error });
  }
}
