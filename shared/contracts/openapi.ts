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

const DESCRIPTION = `Everything Miaobu can do. The command line uses nothing else.

Answers are \`{ "data": … }\`; those of lists also have \`meta.next_cursor\`, to be sent as \`cursor\` for the next page. Errors are
\`{ "error": { "code", "message", "details"? }, "request_id" }\`. What you may not see is answered like what does not exist: 404.
Bodies are JSON. Unknown fields and unknown parameters are refused (422). Times are ISO 8601 in UTC.

Calls are limited per user and per network address: \`RateLimit\` says what is left, and above a limit the answer is 429 with
\`Retry-After\`. A POST may carry an \`Idempotency-Key\`, which makes it safe to repeat.`;

const chapters: Readonly<Record<Tag, string>> = {
  auth: 'Signing in with GitHub: in a browser, or from a command line.',
  account: 'Your account, its sessions and its API tokens.',
  repositories: 'Your repositories on GitHub, and how they would be built.',
  projects: 'A project is a repository, or a folder of one, and how it is built.',
  environments: 'Production and staging: which branch, which hostname, which deployment.',
  deployments: 'One build of one commit, or one uploaded folder, from the queue to live.',
  variables: 'Environment variables of builds and of running servers.',
  'deploy-hooks': 'Addresses that start a deployment when they are called.',
  usage: 'Builds, build time and storage, and the limits of an account.',
  'audit-log': 'Who did what, and when.',
  'dead-letters': 'Background work that was given up. For admins.',
  platform: 'Running the platform: users, sign-in rules, keys, health. For admins, mostly.',
};

const securitySchemes = {
  session: {
    type: 'http',
    scheme: 'bearer',
    bearerFormat: 'JWT',
    description: 'The access token of a session, valid for ten minutes. A session may do everything its user may.',
  },
  token: {
    type: 'http',
    scheme: 'bearer',
    bearerFormat: 'mb_live_…',
    description: 'An API token. It may do what its scopes say, in the projects it is limited to, if any.',
  },
  refresh: {
    type: 'apiKey',
    in: 'cookie',
    name: REFRESH_COOKIE,
    description: 'The cookie of a session. It is good for access tokens only, and only on pages of this origin.',
  },
} as const;

const parameters = {
  IdempotencyKey: {
    name: 'Idempotency-Key',
    in: 'header',
    required: false,
    description:
      'A string of your choice that makes repeating the call safe: for 24 hours, the same request with the same key gets the first answer and does nothing. With another request the key is refused (422). While the first call runs, a second is refused (409). If the platform crashes before the first is answered, the key is free again after at most 90 seconds: look at what the call has done before you repeat it then.',
    schema: { type: 'string', minLength: 1, maxLength: 255, pattern: '^[!-~]+$' },
  },
} as const;

const headers = {
  ETag: {
    description: 'The version of what was returned, for `If-Match` and `If-None-Match`.',
    schema: { type: 'string' },
  },
  RequestId: {
    description:
      'The id of the request, to find it in the log. Send one of your own and it is used, if it is safe to log.',
    schema: { type: 'string' },
  },
  RateLimit: {
    description:
      'For each limit that applies: how many calls are left (`r`), and in how many seconds it is full again (`t`).',
    schema: { type: 'string' },
  },
  RateLimitPolicy: {
    description: 'The limits themselves: how many calls (`q`) within how many seconds (`w`).',
    schema: { type: 'string' },
  },
  IdempotencyReplayed: {
    description: '`true` when this is the stored answer of an earlier call with the same `Idempotency-Key`.',
    schema: { const: 'true' },
  },
  Deprecation: { description: 'Since when it is deprecated (RFC 9745).', schema: { type: 'string' } },
  Sunset: { description: 'When it will be removed (RFC 8594).', schema: { type: 'string' } },
  RetryAfter: { description: 'How many seconds to wait.', schema: { type: 'integer', minimum: 0 } },
  Location: { description: 'Where to go instead.', schema: { type: 'string', format: 'uri-reference' } },
} as const;

/** A status with a single code is the same response in every operation. */
function sharedRefusals(endpoints: readonly Endpoint[]): Record<string, AnswerShape> {
  const codes = new Set<ErrorCode>(endpoints.flatMap(errorCodesOf));
  return Object.fromEntries(
    [...codes].sort().map((code) => [responseName(code), refusalOf(errors[code].status, [code])]),
  );
}

/** The same operation at a path of the first Miaobu. */
const asAlias = (operation: OperationShape, path: string, index: number): OperationShape => ({
  ...operation,
  operationId: `${operation.operationId}Alias${index === 0 ? '' : index + 1}`,
  description: `${operation.description}\n\nAn alias of \`${path}\`, for programs written for the first Miaobu.`,
});

/** Removes the components that nothing refers to. */
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
