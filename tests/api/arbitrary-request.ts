import { exampleOf } from '@miaobu/shared/contracts/openapi-examples';
import type { JsonSchema } from '@miaobu/shared/contracts/openapi-shape';
import fc from 'fast-check';
import { bodyOf, bodyWith, type DocumentedOperation, openapi, parametersOf } from './documented-operations.ts';
import { hostileBodies, hostileFields, hostileTexts, hostileValues } from './hostile-values.ts';

/** One request somebody could send; its credential and ids are given by name and by position in a list. */
export interface ArbitraryRequest {
  readonly credential: string;
  /** By parameter name: a number is an index into the ids that exist, text is used as is. */
  readonly ids: Readonly<Record<string, number | string>>;
  readonly query: readonly (readonly [string, string])[];
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array<ArrayBuffer> | undefined;
}

const often = <T>(usual: fc.Arbitrary<T>, rare: fc.Arbitrary<T>, weight = 5): fc.Arbitrary<T> =>
  fc.oneof({ weight, arbitrary: usual }, { weight: 1, arbitrary: rare });

function arbitraryText({ pattern, minLength = 0, maxLength = 40 }: JsonSchema): fc.Arbitrary<unknown> {
  const plain = fc.string({ unit: 'grapheme', minLength, maxLength: Math.min(maxLength, Math.max(minLength, 40)) });
  return pattern === undefined ? plain : fc.oneof(plain, fc.stringMatching(new RegExp(pattern)));
}

/** Values of a schema; formats and additional zod checks may still reject them. */
function arbitraryValue(schema: JsonSchema, name: string): fc.Arbitrary<unknown> {
  if (schema.$ref !== undefined) {
    const component = schema.$ref.slice(schema.$ref.lastIndexOf('/') + 1);
    return arbitraryValue(openapi.components.schemas[component] ?? {}, name);
  }
  const example = fc.constant(exampleOf(schema, openapi.components.schemas, { of: name }));
  if (schema.const !== undefined) return example;
  if (schema.enum) return fc.constantFrom(...schema.enum);
  const alternatives = schema.anyOf ?? schema.oneOf;
  if (alternatives) return fc.oneof(...alternatives.map((each) => arbitraryValue(each, name)));
  const [type] = Array.isArray(schema.type) ? schema.type : [schema.type];
  switch (type) {
    case 'string':
      return fc.oneof(example, arbitraryText(schema));
    case 'integer':
    case 'number':
      return fc.oneof(example, fc.integer({ min: schema.minimum ?? -5, max: schema.maximum ?? 1000 }));
    case 'boolean':
      return fc.boolean();
    case 'array':
      return fc.oneof(example, fc.array(arbitraryValue(schema.items ?? {}, name.replace(/s$/, '')), { maxLength: 4 }));
    case 'object':
      return arbitraryObject(schema);
    default:
      return example;
  }
}

function arbitraryObject(schema: JsonSchema): fc.Arbitrary<Record<string, unknown>> {
  const fields = Object.entries(schema.properties ?? {}).map(([name, each]) => [name, arbitraryValue(each, name)]);
  return fc.record(Object.fromEntries(fields) as Record<string, fc.Arbitrary<unknown>>, {
    requiredKeys: [...(schema.required ?? [])],
  });
}

/** A body with one thing wrong. */
const spoiled = (body: fc.Arbitrary<Record<string, unknown>>): fc.Arbitrary<Record<string, unknown>> =>
  fc
    .tuple(body, fc.nat(), fc.constantFrom(...hostileValues), fc.constantFrom(...hostileFields), fc.nat(2))
    .map(([object, place, value, field, how]) => {
      const keys = Object.keys(object);
      const key = keys[place % Math.max(1, keys.length)] ?? field;
      const copy = new Map(Object.entries(object));
      if (how === 0) copy.delete(key);
      else copy.set(how === 1 ? key : field, value);
      return Object.fromEntries(copy);
    });

function arbitraryBody(operation: DocumentedOperation): fc.Arbitrary<ArbitraryRequest['body']> {
  const documented = bodyOf(operation);
  if (!documented) return often(fc.constant(undefined), fc.constantFrom(...hostileBodies), 8);
  const whole = documented.schema.properties
    ? arbitraryObject(documented.schema)
    : (arbitraryValue(documented.schema, '') as fc.Arbitrary<Record<string, unknown>>);
  const json = fc
    .oneof(
      { weight: 3, arbitrary: fc.constant(bodyWith(operation, {}) as Record<string, unknown>) },
      { weight: 4, arbitrary: whole },
      { weight: 3, arbitrary: spoiled(whole) },
    )
    .map((body) => JSON.stringify(body));
  return often<ArbitraryRequest['body']>(json, fc.constantFrom(...hostileBodies, undefined), 6);
}

/** Requests to an operation: valid (by the first two credentials), almost valid, and hostile. */
export function arbitraryRequest(
  operation: DocumentedOperation,
  credentials: readonly string[],
): fc.Arbitrary<ArbitraryRequest> {
  const hostileText = fc.constantFrom(...hostileTexts);
  const parameters = parametersOf(operation);
  const id = often<number | string>(fc.nat(2), hostileText, 8);
  const query = parameters
    .filter((each) => each.in === 'query')
    .map(({ name, schema }) =>
      often<readonly [string, string] | null>(
        fc.constant(null),
        often(arbitraryValue(schema, name).map(String), hostileText).map((text) => [name, text] as const),
        1,
      ),
    );
  const stray = often<readonly [string, string] | null>(
    fc.constant(null),
    fc.tuple(fc.constantFrom(...hostileFields), hostileText),
    12,
  );
  const contentType = often(
    fc.constant('application/json'),
    fc.constantFrom('text/plain', 'application/json; charset=utf-16', ''),
    12,
  );
  const precondition = fc.constantFrom('*', '"other"', 'W/"x"', '', '"', ',,,');
  const optional = fc.record(
    {
      'if-match': precondition,
      'if-none-match': precondition,
      'idempotency-key': fc.oneof(fc.uuid(), fc.constantFrom('same', 'x'.repeat(256), 'é')),
      'last-event-id': fc.constantFrom('', 'after-1', 'x'.repeat(300)),
      'accept-encoding': fc.constantFrom('gzip', 'br', 'identity;q=0', '*;q=0', 'zstd, , ;q'),
      cookie: fc.constantFrom('__Host-mb_refresh=x', '__Host-mb_login=', '=;=;;', 'a=%ff'),
    },
    { requiredKeys: [] },
  );
  const needed = parameters.some(({ name }) => name === 'if-match') ? { 'if-match': '*' } : {};
  const body = bodyWith(operation, {});
  const plain = fc.record<ArbitraryRequest>({
    credential: fc.constantFrom(...credentials.slice(0, 2)),
    ids: fc.constant(Object.fromEntries(operation.ids.map((name) => [name, 0]))),
    query: fc.constant([]),
    headers: fc.constant({ 'content-type': 'application/json', ...needed }),
    body: fc.constant(body && JSON.stringify(body)),
  });
  const strange = fc.record<ArbitraryRequest>({
    credential: fc.constantFrom(...credentials),
    ids: fc.record(Object.fromEntries(operation.ids.map((name) => [name, id]))),
    query: fc.tuple(...query, stray).map((pairs) => pairs.filter((pair) => pair !== null)),
    headers: fc.tuple(contentType, often(fc.constant<Record<string, string>>({}), optional, 2)).map(([type, some]) => ({
      'content-type': type,
      ...needed,
      ...some,
    })),
    body: arbitraryBody(operation),
  });
  return often(strange, plain, 4);
}
