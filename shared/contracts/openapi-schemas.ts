import * as z from 'zod';
import type { JsonSchema } from './openapi-shape.ts';

const COMPONENTS = '#/components/schemas/';
const FORMATS_THAT_SAY_IT_ALL = ['date-time', 'uri', 'uuid', 'email'];

type Named = Readonly<Record<string, JsonSchema>>;

/** Leaves out uninformative parts: the limits of safe integers, the pattern of a format, that property names are strings. */
function tidy({ jsonSchema }: { jsonSchema: z.core.JSONSchema.BaseSchema }): void {
  if (jsonSchema.minimum === Number.MIN_SAFE_INTEGER) delete jsonSchema.minimum;
  if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum;
  if (FORMATS_THAT_SAY_IT_ALL.includes(jsonSchema.format ?? '')) delete jsonSchema.pattern;
  if (JSON.stringify(jsonSchema.propertyNames) === '{"type":"string"}') delete jsonSchema.propertyNames;
  // The id is already the key of the component.
  delete jsonSchema.id;
}

function withReferences(schema: JsonSchema, rename: (name: string) => string): JsonSchema {
  const text = JSON.stringify(schema);
  return JSON.parse(text, (key, value) =>
    key === '$ref' && typeof value === 'string'
      ? COMPONENTS + rename(value.slice(value.lastIndexOf('/') + 1))
      : (value as unknown),
  ) as JsonSchema;
}

/**
 * Converts schemas to JSON Schema and collects those with a name (`.meta({ id })`). A field that is optional in a request can be
 * always present in a response, so a named schema may differ in requests: there it is called `{name}Input`.
 */
export function collectSchemas() {
  const components = new Map<string, JsonSchema>();

  function convert(schema: z.ZodType, io: 'input' | 'output'): { root: JsonSchema; named: Named } {
    // Wrapped in an object, because a named schema at the root would be inlined.
    const { properties, $defs } = z.toJSONSchema(z.object({ root: schema }), { io, override: tidy });
    // zod's type includes `boolean`, which it never generates for a property.
    return { root: properties?.root as JsonSchema, named: ($defs ?? {}) as Named };
  }

  function add(name: string, schema: JsonSchema): void {
    const known = components.get(name);
    if (known && JSON.stringify(known) !== JSON.stringify(schema)) throw new Error(`two schemas are called ${name}`);
    components.set(name, schema);
  }

  return {
    /** The schema of a response. Add all responses before the first request. */
    ofAnswer(schema: z.ZodType): JsonSchema {
      const { root, named } = convert(schema, 'output');
      for (const [name, each] of Object.entries(named)) add(name, withReferences(each, String));
      return withReferences(root, String);
    },
    /** The schema of a request. */
    ofRequest(schema: z.ZodType): JsonSchema {
      const { root, named } = convert(schema, 'input');
      const differing = namesThatDiffer(named, components);
      const rename = (name: string) => (differing.has(name) ? `${name}Input` : name);
      for (const [name, each] of Object.entries(named)) add(rename(name), withReferences(each, rename));
      return withReferences(root, rename);
    },
    components: (): Named => Object.fromEntries([...components].sort(([a], [b]) => (a < b ? -1 : 1))),
  };
}
export type SchemaCollection = ReturnType<typeof collectSchemas>;

/** Names whose schema differs from the known one, and those that refer to one of these. */
function namesThatDiffer(named: Named, known: ReadonlyMap<string, JsonSchema>): ReadonlySet<string> {
  const differing = new Set<string>();
  const entries = Object.entries(named).map(([name, schema]) => {
    const text = JSON.stringify(withReferences(schema, String));
    if (known.has(name) && JSON.stringify(known.get(name)) !== text) differing.add(name);
    return { name, text };
  });
  for (let before = -1; before !== differing.size; ) {
    before = differing.size;
    for (const { name, text } of entries) {
      if ([...differing].some((other) => text.includes(`"${COMPONENTS}${other}"`))) differing.add(name);
    }
  }
  return differing;
}
