import { readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, test } from 'vitest';
import { api } from './api.ts';
import type { Endpoint } from './endpoint.ts';
import { openapiDocument } from './openapi.ts';
import type { JsonSchema, MediaType, OperationShape } from './openapi-shape.ts';

const document = openapiDocument();
const operations: readonly OperationShape[] = Object.values(document.paths).flatMap((path) => Object.values(path));

/** Every object below a value, with where it is. */
function* objectsIn(value: unknown, path = '#'): Generator<[string, Record<string, unknown>]> {
  if (typeof value !== 'object' || value === null) return;
  yield [path, value as Record<string, unknown>];
  for (const [key, each] of Object.entries(value)) yield* objectsIn(each, `${path}/${key}`);
}

test('docs/openapi.json is up to date: npm run openapi writes it', () => {
  const written = readFileSync(new URL('../../docs/openapi.json', import.meta.url), 'utf8');
  expect(JSON.parse(written)).toEqual(JSON.parse(JSON.stringify(document)));
});

test('every operation of the table is described once, at its path and at each alias', () => {
  const ids = operations.map(({ operationId }) => operationId);
  expect(new Set(ids).size).toBe(ids.length);
  expect(ids).toEqual(expect.arrayContaining(Object.keys(api)));
  for (const [id, { path, method }] of Object.entries(api)) {
    expect(document.paths[path]?.[method.toLowerCase()]?.operationId).toBe(id);
  }
});

test('the parameters of a path are declared and described', () => {
  for (const [path, methods] of Object.entries(document.paths)) {
    const named = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
    for (const { operationId, parameters = [] } of Object.values(methods)) {
      const described = parameters.flatMap((each) => ('in' in each && each.in === 'path' ? [each.name] : []));
      expect(described.sort(), operationId).toEqual(named.toSorted());
    }
  }
});

test('every reference resolves, and every component is used', () => {
  const references = new Set<string>();
  for (const [where, { $ref }] of objectsIn(document)) {
    if ($ref === undefined) continue;
    const steps = String($ref).slice(2).split('/');
    const target = steps.reduce<unknown>((at, step) => (at as Record<string, unknown> | undefined)?.[step], document);
    expect(target, `${where} → ${$ref}`).toBeDefined();
    references.add(String($ref));
  }
  const { schemas, parameters, headers, responses } = document.components;
  for (const [kind, components] of Object.entries({ schemas, parameters, headers, responses })) {
    const unused = Object.keys(components).filter((name) => !references.has(`#/components/${kind}/${name}`));
    expect(unused, kind).toEqual([]);
  }
});

/** Whether a schema, or the named one that it refers to, has a description. */
function says(schema: JsonSchema): boolean {
  const named =
    schema.$ref === undefined ? undefined : document.components.schemas[schema.$ref.split('/').at(-1) ?? ''];
  return Boolean(schema.description ?? named?.description);
}

/** Properties below a schema that do not say what they are, by their paths. Named schemas are looked at by themselves. */
function silentProperties(schema: JsonSchema, path: string): string[] {
  const inner = [schema.items, ...(schema.anyOf ?? []), ...(schema.oneOf ?? []), ...(schema.allOf ?? [])];
  return [
    ...inner.flatMap((each) => (each ? silentProperties(each, path) : [])),
    ...Object.entries(schema.properties ?? {}).flatMap(([name, property]) => [
      ...(says(property) ? [] : [`${path}.${name}`]),
      ...silentProperties(property, `${path}.${name}`),
    ]),
  ];
}

test('every property of a named schema, every parameter and every operation has a description', () => {
  const { schemas, parameters, headers } = document.components;
  const silent = [
    ...Object.entries(schemas).flatMap(([name, schema]) => silentProperties(schema, name)),
    ...Object.entries({ ...schemas, ...parameters, ...headers }).flatMap(([name, each]) =>
      each.description ? [] : [name],
    ),
    ...operations.flatMap(({ operationId, summary, description, parameters: own = [] }) => [
      ...(summary && description ? [] : [operationId]),
      ...own.flatMap((each) => ('$ref' in each || each.description ? [] : [`${operationId}(${each.name})`])),
    ]),
  ];
  expect(silent).toEqual([]);
});

test('every field of a request or response body has a description', () => {
  const silent = operations.flatMap(({ operationId, requestBody, responses }) => {
    const body = requestBody?.content['application/json']?.schema;
    const answers = Object.entries(responses).flatMap(([status, answer]) =>
      status.startsWith('2') && 'content' in answer ? Object.values(answer.content ?? {}) : [],
    );
    // The envelope is described once, at the top of the document.
    const data = answers.flatMap(({ schema }) => schema.properties?.data ?? []);
    return [
      ...(body ? silentProperties(body, `${operationId} body`) : []),
      ...data.flatMap((schema) => silentProperties(schema, `${operationId} answer`)),
    ];
  });
  expect(silent).toEqual([]);
});

test('a response has only declared fields', () => {
  const open = [...objectsIn(document)].filter(
    ([where, { type, properties, additionalProperties }]) =>
      where.includes('/responses/') && type === 'object' && properties !== undefined && additionalProperties !== false,
  );
  expect(open.map(([where]) => where)).toEqual([]);
});

test.each(Object.entries(api as Readonly<Record<string, Endpoint>>).filter(([, { body }]) => body !== null))(
  'the example of a body is accepted by %s',
  (_, { path, method, body }) => {
    const example = document.paths[path]?.[method.toLowerCase()]?.requestBody?.content['application/json']?.example;
    expect(body?.safeParse(example).error?.issues).toBeUndefined();
  },
);

describe('every example is valid under its schema', () => {
  const ajv = new Ajv2020({ strict: false, allErrors: true });
  ajv.addFormat('date-time', (text) => /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/.test(text));
  ajv.addFormat('uri', URL.canParse);
  ajv.addSchema({ $id: 'document', components: document.components });
  const contentsOf = ({ requestBody, responses }: OperationShape): [string, MediaType][] => [
    ...Object.values(requestBody?.content ?? {}).map((media): [string, MediaType] => ['request', media]),
    ...Object.entries(responses).flatMap(([status, answer]) =>
      Object.values(('content' in answer && answer.content) || {}).map((media): [string, MediaType] => [status, media]),
    ),
  ];
  const validate = (schema: JsonSchema, value: unknown) => {
    const rooted = JSON.parse(JSON.stringify(schema).replaceAll('"#/components/', '"document#/components/')) as object;
    const check = ajv.compile(rooted);
    return check(value) ? [] : check.errors;
  };
  test.each(operations.map((operation) => [operation.operationId, operation] as const))('%s', (_, operation) => {
    let examples = 0;
    for (const [where, { schema, example, examples: several = {} }] of contentsOf(operation)) {
      const values = [...(example === undefined ? [] : [example]), ...Object.values(several).map(({ value }) => value)];
      for (const value of values) {
        expect(validate(schema, value), `${where} ${JSON.stringify(value)}`).toEqual([]);
        examples += 1;
      }
    }
    if (operation.requestBody) expect(examples).toBeGreaterThan(1);
  });
});
