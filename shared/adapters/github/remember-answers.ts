import type { GithubAnswer, GithubRequest } from './github-request.ts';

const ANSWERS = 500;
const ANSWER_BYTES = 64 * 1024;

/**
 * The same calls, with a cache for repeated GETs: an answer is kept with its ETag and revalidated. "304 Not Modified" does not count
 * towards the token's rate limit (docs.github.com, "Use conditional requests"). At most the 500 most recently used answers of up to 64
 * KiB are kept.
 */
export function rememberAnswers(request: GithubRequest): GithubRequest {
  const remembered = new Map<string, GithubAnswer>();
  return async (call) => {
    // What one token may see, another may not.
    const key = `${'token' in call ? call.token : call.application} ${call.accept ?? ''} ${call.path}`;
    const before = remembered.get(key);
    const etag = before?.header('etag');
    const answer = await request(
      etag === undefined ? call : { ...call, ifNoneMatch: etag, expect: [...(call.expect ?? []), 304] },
    );
    const current = answer.status === 304 && before ? before : answer;
    remembered.delete(key);
    const isSmall = current.body !== undefined && current.body.length <= ANSWER_BYTES;
    if (current.status === 200 && isSmall && current.header('etag') !== undefined) remembered.set(key, current);
    const [oldest] = remembered.keys();
    if (remembered.size > ANSWERS && oldest !== undefined) remembered.delete(oldest);
    return current;
  };
}
