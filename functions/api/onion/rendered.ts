import type { OperationId } from '@miaobu/shared/contracts/api';
import type { Endpoint } from '@miaobu/shared/contracts/endpoint';
import { etagInCoding, etagOf, namesEtag } from '../etag.ts';
import type { JsonAnswer, RedirectAnswer } from '../operation.ts';
import { codingOf, encodeText } from './content-coding.ts';

/** An operation's response before content negotiation, as stored under an idempotency key. */
export interface Rendered {
  readonly status: number;
  /** Pairs, because `set-cookie` may occur several times. */
  readonly headers: readonly (readonly [string, string])[];
  /** JSON; null for a response without a body. */
  readonly text: string | null;
}

const JSON_TYPE = ['content-type', 'application/json'] as const;

/** An operation's response, filtered by the contract: fields missing from the schema are dropped. */
export function render(
  { output, status, paginated, etag }: Endpoint,
  answer: JsonAnswer<OperationId> | RedirectAnswer,
): Rendered {
  const cookies = (answer.cookies ?? []).map((cookie) => ['set-cookie', cookie] as const);
  if ('location' in answer) return { status: 302, headers: [...cookies, ['location', answer.location]], text: null };
  const given = Object.entries(answer.headers ?? {}).map(([name, value]) => [name.toLowerCase(), value] as const);
  const data = output.parse(answer.data);
  const tag = etag && !given.some(([name]) => name === 'etag') ? [['etag', etagOf(data)] as const] : [];
  const headers = [...cookies, ...given, ...tag];
  if (status === 204) return { status, headers, text: null };
  const text = JSON.stringify(paginated ? { data, meta: { next_cursor: answer.nextCursor ?? null } } : { data });
  return { status, headers: [...headers, JSON_TYPE], text };
}

export interface Negotiated {
  readonly status: number;
  readonly headers: readonly (readonly [string, string])[];
  readonly body: string | Uint8Array<ArrayBuffer> | null;
}

/** Smaller responses are not worth compressing. */
const CODED_FROM_BYTES = 1024;

/** 304 when the caller's copy is current; else the body, in a coding that the caller accepts. */
export async function negotiate(
  { status, headers, text }: Rendered,
  asked: { readonly ifNoneMatch: string | undefined; readonly acceptEncoding: string | undefined },
): Promise<Negotiated> {
  const etag = headers.find(([name]) => name === 'etag')?.[1];
  if (etag !== undefined && asked.ifNoneMatch !== undefined && namesEtag(asked.ifNoneMatch, etag)) {
    return { status: 304, headers: headers.filter(([name]) => name !== 'content-type'), body: null };
  }
  if (text === null || Buffer.byteLength(text) < CODED_FROM_BYTES) return { status, headers, body: text };
  const vary = ['vary', 'Accept-Encoding'] as const;
  const coding = codingOf(asked.acceptEncoding);
  if (coding === undefined) return { status, headers: [...headers, vary], body: text };
  const coded = headers.map(([name, value]) => [name, name === 'etag' ? etagInCoding(value, coding) : value] as const);
  return {
    status,
    headers: [...coded, ['content-encoding', coding], vary],
    body: await encodeText(text, coding),
  };
}
