import { commonHeaders, etagHeader, refusalOf, UNCHANGED } from './openapi-operation.ts';
import type { JsonSchema, PathShape } from './openapi-shape.ts';

const truth = (name: string): JsonSchema => ({
  type: 'object',
  properties: {
    data: {
      type: 'object',
      properties: { [name]: { const: true, description: 'Always true: otherwise there is no such answer.' } },
      required: [name],
      additionalProperties: false,
    },
  },
  required: ['data'],
  additionalProperties: false,
});

const page = (operationId: string, summary: string, type: string, schema: JsonSchema): PathShape => ({
  get: {
    operationId,
    tags: ['platform'],
    summary,
    description: 'Needs no credential.',
    security: [],
    responses: {
      200: {
        description: 'The document.',
        headers: { ...commonHeaders, ...etagHeader },
        content: { [type]: { schema } },
      },
      304: UNCHANGED,
    },
  },
});

/** Routes that are not operations: health checks, this document, and the page made from it. */
export const otherPaths: Readonly<Record<string, PathShape>> = {
  '/api/v1/openapi.json': page('readOpenapi', 'Returns this document.', 'application/json', { type: 'object' }),
  '/api/v1/reference': page('readReference', 'Returns the API reference: this document as a web page.', 'text/html', {
    type: 'string',
  }),
  '/health/live': {
    get: {
      operationId: 'checkLiveness',
      tags: ['platform'],
      summary: 'Tells whether this instance runs.',
      description: 'Needs no credential.',
      security: [],
      responses: {
        200: {
          description: 'It does.',
          headers: commonHeaders,
          content: { 'application/json': { schema: truth('live'), example: { data: { live: true } } } },
        },
      },
    },
  },
  '/health/ready': {
    get: {
      operationId: 'checkReadiness',
      tags: ['platform'],
      summary: 'Tells whether this instance reaches the database.',
      description: 'Needs no credential.',
      security: [],
      responses: {
        200: {
          description: 'It does.',
          headers: commonHeaders,
          content: { 'application/json': { schema: truth('ready'), example: { data: { ready: true } } } },
        },
        503: refusalOf(503, ['database_unavailable']),
      },
    },
  },
};
