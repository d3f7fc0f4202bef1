import type * as z from 'zod';
import type { ErrorCode } from '../kernel/app-error.ts';
import { REFRESH_COOKIE } from './auth.ts';
import type { Access, Endpoint } from './endpoint.ts';
import { errors } from './errors.ts';
import { codesByStatus, errorCodesOf } from './openapi-errors.ts';
import { exampleOf } from './openapi-examples.ts';
import type { SchemaCollection } from './openapi-schemas.ts';
import type {
  AnswerShape,
  JsonSchema,
  MediaType,
  OperationShape,
  Parameter,
  Reference,
  SecurityRequirement,
} from './openapi-shape.ts';

type Named = Readonly<Record<string, JsonSchema>>;

const JSON_TYPE = 'application/json';
const header = (name: string): Reference => ({ $ref: `#/components/headers/${name}` });

/** Headers of every response. */
export const commonHeaders = { 'X-Request-Id': header('RequestId') };
/** Headers of every response of an operation. */
const operationHeaders = {
  ...commonHeaders,
  RateLimit: header('RateLimit'),
  'RateLimit-Policy': header('RateLimitPolicy'),
};
/** Headers that the caller's software sends by itself. */
const SAID_BY_SOFTWARE = ['origin', 'user-agent'];
export const etagHeader = { ETag: header('ETag') };
export const UNCHANGED: AnswerShape = {
  description: 'Unchanged since the `ETag` in `If-None-Match`.',
  headers: commonHeaders,
};

function parametersOf(endpoint: Endpoint, schemas: SchemaCollection): (Parameter | Reference)[] {
  const parts = [
    ['path', endpoint.params],
    ['query', endpoint.query],
    ['header', endpoint.headers],
    ['cookie', endpoint.cookies],
  ] as const;
  const found: (Parameter | Reference)[] = parts.flatMap(([part, schema]) => {
    const { properties, required } = schema ? schemas.ofRequest(schema) : {};
    const chosen = Object.entries(properties ?? {}).filter(([name]) => !SAID_BY_SOFTWARE.includes(name));
    return chosen.map(([name, { description, ...field }]) => ({
      name,
      in: part,
      required: part === 'path' || (required?.includes(name) ?? false),
      ...(description === undefined ? {} : { description }),
      schema: field,
    }));
  });
  if (endpoint.method === 'POST') found.push({ $ref: '#/components/parameters/IdempotencyKey' });
  return found;
}

/** Who may call it: in OpenAPI's form, and as a sentence. */
function accessOf(
  access: Access,
  parameters: readonly (Parameter | Reference)[],
): { readonly security: readonly SecurityRequirement[]; readonly who: string } {
  if (access === 'public' && parameters.some((each) => 'name' in each && each.name === REFRESH_COOKIE)) {
    return { security: [{ refresh: [] }], who: 'Needs the cookie of a session.' };
  }
  if (access === 'public') return { security: [], who: 'Needs no credential.' };
  if (access === 'session') return { security: [{ session: [] }], who: 'Needs a session; API tokens are refused.' };
  const security = [{ session: [] }, { token: [access] }];
  const who = `Needs a session, or a token with the scope \`${access}\`.`;
  return {
    security,
    who: access.startsWith('platform:') ? `${who} Admins only; to others it does not exist (404).` : who,
  };
}

function successOf(endpoint: Endpoint, schemas: SchemaCollection): AnswerShape {
  const { answers = 'json', output, paginated, status } = endpoint;
  const headers = {
    ...operationHeaders,
    ...(endpoint.etag ? etagHeader : {}),
    ...(endpoint.method === 'POST' ? { 'Idempotency-Replayed': header('IdempotencyReplayed') } : {}),
    ...(endpoint.deprecated ? { Deprecation: header('Deprecation'), Sunset: header('Sunset') } : {}),
  };
  if (answers === 'redirect') {
    return { description: 'A redirect to another page.', headers: { ...headers, Location: header('Location') } };
  }
  if (status === 204) return { description: 'Done; the answer has no body.', headers };
  const data = schemas.ofAnswer(output);
  if (answers === 'events') {
    const schema: JsonSchema = { type: 'string', description: 'Server-sent events; `data` of each is JSON.' };
    return {
      description: 'Events as they happen. `Last-Event-ID` continues an interrupted stream.',
      headers,
      content: { 'text/event-stream': { schema, 'x-event-data': data } },
    };
  }
  const schema: JsonSchema = {
    type: 'object',
    properties: paginated ? { data, meta: { $ref: '#/components/schemas/PageMeta' } } : { data },
    required: paginated ? ['data', 'meta'] : ['data'],
    additionalProperties: false,
  };
  const description = {
    200: 'Done.',
    201: 'Created.',
    202: 'Accepted; the rest happens in the background.',
    302: 'A redirect to another page.',
  }[status];
  return { description, headers, content: { [JSON_TYPE]: { schema } } };
}

/** An example of one error response. */
const refusal = (code: ErrorCode) => ({
  error: {
    code,
    message: errors[code].text,
    ...(code === 'invalid_request' ? { details: { fields: [{ path: 'body.name', problem: 'is not valid' }] } } : {}),
  },
  request_id: '019c1f6e-2b7a-7c31-9d0e-5a4f8b6c7d21',
});

/** The response of a status that can have these codes. */
export function refusalOf(status: number, codes: readonly ErrorCode[]): AnswerShape {
  const schema: JsonSchema = {
    allOf: [{ $ref: '#/components/schemas/Error' }],
    properties: { error: { properties: { code: { enum: codes } } } },
  };
  const examples = Object.fromEntries(codes.map((code) => [code, { value: refusal(code) }]));
  const waits = status === 429 || status === 503 || codes.includes('idempotency_key_in_use');
  const retryAfter = waits ? { 'Retry-After': header('RetryAfter') } : {};
  return {
    description: codes.map((code) => `\`${code}\`: ${errors[code].text}`).join('\n\n'),
    headers: { ...operationHeaders, ...retryAfter },
    content: { [JSON_TYPE]: { schema, examples } },
  };
}

/** `invalid_request` → `InvalidRequest`. */
export const responseName = (code: ErrorCode) =>
  code.replace(/(?:^|_)(\w)/g, (_, letter: string) => letter.toUpperCase());

/** One operation of the table, as OpenAPI describes it. */
export function describeOperation(id: string, endpoint: Endpoint, schemas: SchemaCollection): OperationShape {
  const { status, summary, tag, body, deprecated } = endpoint;
  const parameters = parametersOf(endpoint, schemas);
  const { security, who } = accessOf(endpoint.access, parameters);
  const responses: Record<string, AnswerShape | Reference> = { [status]: successOf(endpoint, schemas) };
  for (const [refused, codes] of codesByStatus(errorCodesOf(endpoint))) {
    const [code, ...others] = codes;
    responses[refused] =
      code !== undefined && others.length === 0
        ? { $ref: `#/components/responses/${responseName(code)}` }
        : refusalOf(refused, codes);
  }
  if (endpoint.etag && endpoint.method === 'GET') responses[304] = UNCHANGED;
  const goingAway = deprecated && `Will be removed on ${deprecated.sunset}: use \`${deprecated.successor}\`.`;
  return {
    operationId: id,
    tags: [tag],
    summary,
    description: [who, goingAway].filter((sentence) => sentence !== undefined).join('\n\n'),
    ...(deprecated ? { deprecated: true as const } : {}),
    security,
    ...(parameters.length > 0 ? { parameters } : {}),
    ...(body
      ? { requestBody: { required: true as const, content: { [JSON_TYPE]: { schema: schemas.ofRequest(body) } } } }
      : {}),
    responses,
  };
}

/** The largest part of an example that the operation accepts: JSON Schema does not express which fields exclude each other. */
function acceptable(example: unknown, schema: JsonSchema, body: z.ZodType): unknown {
  const takes = (value: unknown) => body.safeParse(value).success;
  if (takes(example) || typeof example !== 'object' || example === null) return example;
  const isRequired = (name: string) => schema.required?.includes(name) ?? false;
  const fields = Object.entries(example);
  let chosen: Record<string, unknown> = Object.fromEntries(fields.filter(([name]) => isRequired(name)));
  for (const [name, value] of fields) {
    const more = { ...chosen, [name]: value };
    if (takes(more) || !takes(chosen)) chosen = more;
  }
  return chosen;
}

/** The same operation with examples of its request and response. */
export function withExamples(operation: OperationShape, { body }: Endpoint, named: Named): OperationShape {
  // `createProject` is about a Project.
  const owner = operation.operationId.replace(/^[a-z]+/, '').replace(/s$/, '');
  const exemplify = (
    content: Readonly<Record<string, MediaType>>,
    accept = (example: unknown, _: JsonSchema) => example,
  ) =>
    Object.fromEntries(
      Object.entries(content).map(([type, media]) => {
        if (type !== JSON_TYPE || media.examples !== undefined) return [type, media];
        const example = accept(exampleOf(media.schema, named, { owner }), media.schema);
        return [type, { ...media, example }];
      }),
    );
  const { requestBody, responses } = operation;
  const accept = (example: unknown, schema: JsonSchema) => (body ? acceptable(example, schema, body) : example);
  return {
    ...operation,
    ...(requestBody ? { requestBody: { ...requestBody, content: exemplify(requestBody.content, accept) } } : {}),
    responses: Object.fromEntries(
      Object.entries(responses).map(([status, answer]) => [
        status,
        'content' in answer && answer.content ? { ...answer, content: exemplify(answer.content) } : answer,
      ]),
    ),
  };
}
