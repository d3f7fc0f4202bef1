import type { ApiUnderTest, RawAnswer } from '../database/api-under-test.ts';
import { bodyWith, type DocumentedOperation, parametersOf, pathWith } from './documented-operations.ts';

export interface Asked {
  /** A session or a token; without it the request is anonymous. */
  readonly bearer?: string | undefined;
  readonly ids?: Readonly<Record<string, string>>;
  /** Fields that replace those of the document's example, or a text instead of JSON. */
  readonly body?: Readonly<Record<string, unknown>> | string | undefined;
  readonly headers?: Readonly<Record<string, string>>;
  /** `?…` */
  readonly search?: string;
}

/** Calls an operation as its document says: with its example body, and with any version where one is required. */
export function askOperation(api: ApiUnderTest, operation: DocumentedOperation, asked: Asked = {}): Promise<RawAnswer> {
  const { bearer, ids = {}, body = {}, headers = {}, search = '' } = asked;
  const example = bodyWith(operation, ids);
  const sent = typeof body === 'string' ? body : example && JSON.stringify({ ...example, ...body });
  return api.ask(operation.method, `${pathWith(operation, ids)}${search}`, {
    headers: {
      'x-request-id': 'the-same',
      ...(bearer === undefined ? {} : { authorization: `Bearer ${bearer}` }),
      ...(example ? { 'content-type': 'application/json' } : {}),
      ...(parametersOf(operation).some(({ name }) => name === 'if-match') ? { 'if-match': '*' } : {}),
      ...headers,
    },
    ...(sent === undefined ? {} : { body: sent }),
  });
}
