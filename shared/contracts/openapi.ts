import type { ErrorCode } from '../kernel/app-error.ts';
import { api } from './api.ts';
import { REFRESH_COOKIE } from './auth.ts';
import type { Endpoint, Tag } from './endpoint.ts';
import { tags } from './endpoint.ts';
import { errors } from './errors.ts';
import { errorAnswer, errorCodesOf } from './openapi-errors.ts';
import { describeOperation, refusalOf, responseName, withExamples } from './openapi-operation.ts';
import { otherPaths } from './openapi-other-paths.ts';
import { collectSchemas } from './openapi-schemas.ts';
import type { AnswerShape, OpenapiDocument, OperationShape } from './openapi-shape.ts';
import { pageMeta } from './pagination.ts';

const DESCRIPTION = `Everything that Miaobu can do; the command line uses nothing else.

An answer is \`{ "data": … }\`, a list's also has \`meta.next_cursor\`: send it as \`cursor\` for the next page. A refusal is
\`{ "error": { "code", "message", "details"? }, "request_id" }\`. What belongs to somebody else is answered as what does not
exist. Bodies are JSON; a field that an operation does not know is refused, and so is a parameter.`;

const chapters: Readonly<Record<Tag, string>> = {
  auth: 'Signing in with GitHub: in a browser, or from a command line.',
  account: 'Who you are: your sessions and API tokens.',
  repositories: 'What GitHub shows you, and what would be made of it.',
  projects: 'A project is a repository, or a folder of one, and how it is built.',
  environments: 'Production and staging: which branch, which hostname, which deployment.',
  deployments: 'One build of one commit each, from the queue to live.',
  variables: 'Environment variables of builds and of running code.',
  'deploy-hooks': 'Addresses that deploy when they are called.',
  usage: 'What was used.',
  'audit-log': 'Who did what, and when.',
  'dead-letters': 'Work that was given up, for those who run the platform.',
  platform: 'The platform itself.',
};

const securitySchemes = {
  session: {
    type: 'http',
    scheme: 'bearer',
    bearerFormat: 'JWT',
    description: 'The access token of a session: ten minutes. A session may do all that its user may.',
  },
  token: {
    type: 'http',
    scheme: 'bearer',
    bearerFormat: 'mb_live_…',
    description: 'An API token: for its scopes, and for its projects if it has a list of them.',
  },
  refresh: {
    type: 'apiKey',
    in: 'cookie',
    name: REFRESH_COOKIE,
    description: 'The cookie of a session, which only buys access tokens, and only for scripts of our own pages.',
  },
} as const;

const parameters = {
  IdempotencyKey: {
    name: 'Idempotency-Key',
    in: 'header',
    required: false,
    description:
      'Makes a repeated call harmless: for 24 hours the same key with the same request gets the first answer.',
    schema: { type: 'string', minLength: 1, maxLength: 255, pattern: '^[!-~]+$' },
  },
} as const;

const headers = {
  ETag: { description: 'The version of this thing, for `If-Match` and `If-None-Match`.', schema: { type: 'string' } },
  RequestId: {
    description: 'Leads to the log. Yours, if you send one that is safe to log.',
    schema: { type: 'string' },
  },
  RateLimit: {
    description:
      'What is left of each limit that counts this call (`r`), and in how many seconds it is whole again (`t`).',
    schema: { type: 'string' },
  },
  RateLimitPolicy: {
    description: 'The limits themselves: `q` calls, and how many seconds it takes to get them back (`w`).',
    schema: { type: 'string' },
  },
  IdempotencyReplayed: {
    description: 'This is the answer that the first call with this `Idempotency-Key` got.',
    schema: { const: 'true' },
  },
  Deprecation: { description: 'Since when nobody should begin to use it (RFC 9745).', schema: { type: 'string' } },
  Sunset: { description: 'When it goes away (RFC 8594).', schema: { type: 'string' } },
  RetryAfter: { description: 'How many seconds to wait.', schema: { type: 'integer', minimum: 0 } },
  Location: { description: 'Where to go.', schema: { type: 'string', format: 'uri-reference' } },
} as const;

/** Every status with a single code looks the same in every operation. */
function sharedRefusals(endpoints: readonly Endpoint[]): Record<string, AnswerShape> {
  const codes = new Set<ErrorCode>(endpoints.flatMap(errorCodesOf));
  return Object.fromEntries(
    [...codes].sort().map((code) => [responseName(code), refusalOf(errors[code].status, [code])]),
  );
}

/** The same operation at a path that programs of the first Miaobu know. */
const asAlias = (operation: OperationShape, path: string, index: number): OperationShape => ({
  ...operation,
  operationId: `${operation.operationId}Alias${index === 0 ? '' : index + 1}`,
  description: `${operation.description}\n\nThe same as \`${path}\`, for programs that know this address.`,
});

/** Leaves out the components that nothing refers to. */
function withoutUnused<T>(kind: string, components: Readonly<Record<string, T>>, text: string): Record<string, T> {
  return Object.fromEntries(
    Object.entries(components).filter(([name]) => text.includes(`"#/components/${kind}/${name}"`)),
  );
}

/** The OpenAPI 3.1 document of the table of operations, and of the few routes beside it. */
export function openapiDocument(): OpenapiDocument {
  const endpoints = Object.entries(api) as [string, Endpoint][];
  const schemas = collectSchemas();
  schemas.ofAnswer(errorAnswer);
  schemas.ofAnswer(pageMeta);
  for (const [, { output, status }] of endpoints) if (status !== 204) schemas.ofAnswer(output);
  const described = endpoints.map(([id, endpoint]) => ({
    endpoint,
    operation: describeOperation(id, endpoint, schemas),
  }));
  const named = schemas.components();
  const paths: Record<string, Record<string, OperationShape>> = {};
  for (const { endpoint, operation } of described) {
    const method = endpoint.method.toLowerCase();
    const shown = withExamples(operation, endpoint, named);
    paths[endpoint.path] = { ...paths[endpoint.path], [method]: shown };
    for (const [index, alias] of (endpoint.aliases ?? []).entries()) {
      paths[alias] = { ...paths[alias], [method]: asAlias(shown, endpoint.path, index) };
    }
  }
  const used = new Set(endpoints.map(([, { tag }]) => tag).concat('platform'));
  const responses = sharedRefusals(endpoints.map(([, endpoint]) => endpoint));
  const allPaths = { ...paths, ...otherPaths };
  const text = JSON.stringify([allPaths, responses]);
  return {
    openapi: '3.1.1',
    info: { title: 'Miaobu', version: '1', description: DESCRIPTION },
    servers: [{ url: '/', description: 'The control plane that served this document.' }],
    tags: tags.filter((tag) => used.has(tag)).map((tag) => ({ name: tag, description: chapters[tag] })),
    paths: allPaths,
    components: {
      schemas: named,
      parameters: withoutUnused('parameters', parameters, text),
      headers: withoutUnused('headers', headers, text),
      responses: withoutUnused('responses', responses, text),
      securitySchemes,
    },
  };
}
